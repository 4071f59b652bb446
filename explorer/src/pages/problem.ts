/** What a reader is told when the node does not answer, or not as it should. */
import { m } from "../i18n";
import { pathTo } from "../paths";
import { RpcError } from "../rpc";
import { type Child, h } from "../ui/dom";

export function problem(error: unknown, retry?: () => void): Child {
  const known = error instanceof RpcError;
  const text = known ? m().failures[error.kind] : m().failures.ours;
  return h(
    "div",
    { class: "alert", role: "alert", "data-failure": known ? error.kind : "ours" },
    h("p", null, text),
    h("p", { class: "quiet wrap" }, error instanceof Error ? error.message : String(error)),
    h("p", null, h("a", { href: pathTo({ name: "settings" }) }, m().chooseNode)),
    retry ? h("button", { type: "button", click: () => retry() }, m().again) : null,
  );
}
