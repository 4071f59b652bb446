/** Elements from code: text is only ever text, so nothing that a chain says can become markup. */
export type Child = Node | string | number | bigint | null | undefined | false | Child[];

type Attributes = Record<string, string | number | boolean | EventListener | null | undefined>;

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes | null = null,
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name, value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  append(element, children);
  return element;
}

export function append(parent: Node, children: Child[]): void {
  for (const child of children.flat(9) as Exclude<Child, Child[]>[]) {
    if (child === null || child === undefined || child === false) continue;
    parent.appendChild(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

export function fragment(...children: Child[]): DocumentFragment {
  const made = document.createDocumentFragment();
  append(made, children);
  return made;
}

/** `{name}` in a message replaced by what stands for it, text or element. */
export function fill(message: string, values: Record<string, Child>): DocumentFragment {
  const parts = message.split(/\{(\w+)\}/);
  return fragment(...parts.map((part, at) => (at % 2 ? (values[part] ?? "") : part)));
}
