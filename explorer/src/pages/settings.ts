/** Which node these pages ask, and which second one confirms. */
import { m } from "../i18n";
import { absolute, type Config, keepChosen, loadChosen } from "../settings";
import { type Child, h } from "../ui/dom";
import { heading, quiet, section } from "../ui/parts";

export function settingsPage(config: Config, changed: () => void): Child {
  const chosen = loadChosen();
  const rpc = urlField("rpc", chosen.rpc, config.rpc);
  const second = urlField("second-rpc", chosen.secondRpc, "");
  const said = h("p", { role: "status" });
  const save = (event: Event) => {
    event.preventDefault();
    const wrong = [rpc, second].filter(
      ({ value }) => value.trim() !== "" && absolute(value) === "",
    );
    for (const field of [rpc, second]) field.removeAttribute("aria-invalid");
    for (const field of wrong) field.setAttribute("aria-invalid", "true");
    if (wrong.length > 0) {
      said.textContent = m().badUrl;
      return;
    }
    keepChosen({ rpc: absolute(rpc.value), secondRpc: absolute(second.value) });
    changed();
    said.textContent = m().saved;
  };
  return [
    heading(m().settings),
    section(
      m().nodes,
      quiet(m().nodesExplained),
      h(
        "form",
        { submit: save, novalidate: true },
        h("label", { for: "rpc" }, m().rpcUrl),
        rpc,
        h("label", { for: "second-rpc" }, m().secondUrl),
        second,
        h("button", { type: "submit" }, m().save),
        said,
      ),
    ),
  ];
}

function urlField(id: string, value: string, placeholder: string): HTMLInputElement {
  return h("input", { id, name: id, type: "url", value, placeholder, spellcheck: "false" });
}
