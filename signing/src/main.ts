/** The card's forms that take a key: `data-flow` says which, what else it needs is beside it. */
import * as passkey from "./passkey";
import { type Action, type Asked, checked, type Shown, Tampered } from "./typed";
import * as wallet from "./wallet";

const BUSY_TRIES = 60;
const BUSY_WAIT_MS = 1_500;

/** The server said no; its sentence is in the reader's language. */
class Refused extends Error {
  constructor(
    message: string,
    readonly code: string,
  ) {
    super(message);
  }
}

/** Sentences in the reader's language, by name; the page has them. */
const say = (name: string) => document.getElementById("signing")?.dataset[name] ?? "";

/** What the browser and wallets report when their owner declines. */
const declined = (failure: unknown) =>
  (failure instanceof DOMException && failure.name === "NotAllowedError") ||
  (failure as { code?: number })?.code === 4001;

async function post<T>(path: string, fields: Record<string, string> = {}): Promise<T> {
  const answer = await fetch(path, { method: "POST", body: new URLSearchParams(fields) });
  if (!answer.headers.get("content-type")?.startsWith("application/json")) {
    // The session is over, or the server is: the page itself says which.
    location.reload();
    return new Promise(() => {});
  }
  const said = await answer.json();
  if (!answer.ok) throw new Refused(said.problem, said.code);
  return said as T;
}

/** What to sign, waiting while something else of the member is on its way to the chain. */
async function ask(form: HTMLFormElement, path: string, more: Record<string, string> = {}) {
  for (let tries = 0; ; tries += 1) {
    try {
      return await post<Asked>(path, more);
    } catch (refusal) {
      const busy = refusal instanceof Refused && refusal.code === "consent_in_flight";
      if (!busy || tries === BUSY_TRIES) throw refusal;
      tell(form, say("busy"));
      await new Promise((done) => setTimeout(done, BUSY_WAIT_MS));
    }
  }
}

function tell(form: HTMLFormElement, text: string, tone = "") {
  const place = form.querySelector<HTMLElement>("[role=status]");
  if (!place) return;
  place.textContent = text;
  place.className = text ? `alert ${tone}` : "";
}

/** What the form shows: every `<data name>` in it is a field of the message. */
function shownBy(form: HTMLFormElement): Shown {
  const fields: Shown["fields"] = {};
  for (const each of form.querySelectorAll<HTMLDataElement>("data[data-field]")) {
    fields[each.dataset.field ?? ""] = each.value;
  }
  const { action, contract } = form.dataset;
  return { action: action as Action, contract: contract ?? "", fields };
}

/** Has the member's key sign what is asked, where it is what is shown; fields for the server. */
async function signature(
  form: HTMLFormElement,
  asked: Asked,
  shown: Shown,
): Promise<Record<string, string>> {
  const what = checked(asked, shown);
  const deadline = String(asked.deadline);
  if (form.dataset.key === "passkey") {
    tell(form, say("touch"));
    return { deadline, credential: await passkey.sign(what.digest, form.dataset.credential ?? "") };
  }
  const chosen = await choose(form);
  tell(form, say("wallet"));
  const member = String(shown.fields.member ?? shown.fields.from);
  return { deadline, signature: await wallet.sign(chosen, member, what) };
}

/** The wallet to use: the only one, or the one that is picked. */
async function choose(form: HTMLFormElement): Promise<wallet.Wallet> {
  const found = await wallet.wallets();
  const [only] = found;
  if (!only) throw new Refused(say("noWallet"), "no_wallet");
  if (found.length === 1) return only;
  tell(form, say("pick"));
  const place = document.createElement("p");
  place.className = "row";
  form.append(place);
  try {
    return await new Promise((picked) => {
      for (const each of found) {
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = each.name;
        button.addEventListener("click", () => picked(each));
        place.append(button);
      }
      place.querySelector("button")?.focus();
    });
  } finally {
    place.remove();
  }
}

/** Where a key signs for the points already, it has to sign that they go to another. */
async function leave(form: HTMLFormElement, to: string): Promise<Record<string, string>> {
  const path = form.dataset.ask;
  if (!path) return {};
  const shown = shownBy(form);
  shown.fields.to = to;
  return signature(form, await ask(form, path, { to }), shown);
}

const FLOWS: Record<string, (form: HTMLFormElement) => Promise<unknown>> = {
  async sign(form) {
    const asked = await ask(form, form.dataset.ask ?? "");
    return post(form.action, await signature(form, asked, shownBy(form)));
  },
  async passkey(form) {
    if (!passkey.supported()) throw new Refused(say("unsupported"), "unsupported");
    const options = await post<passkey.Options>(form.dataset.options ?? "");
    tell(form, say("touch"));
    const made = await passkey.make(options);
    return post(form.action, { made: made.answer, ...(await leave(form, made.address)) });
  },
  async wallet(form) {
    const address = await wallet.account(await choose(form));
    return post(form.action, { address, ...(await leave(form, address)) });
  },
};

function sentence(failure: unknown): string {
  if (failure instanceof Tampered) return say("tampered");
  if (failure instanceof Refused) return failure.message;
  if (failure instanceof wallet.OtherAccount) return `${say("otherAccount")} ${failure.message}`;
  if (failure instanceof TypeError) return say("unreachable");
  return declined(failure) ? say("declined") : say("failed");
}

document.addEventListener("submit", async (event) => {
  const form = event.target as HTMLFormElement;
  const flow = FLOWS[form.dataset.flow ?? ""];
  // Prevented already: it is under way.
  if (!flow || event.defaultPrevented) return;
  event.preventDefault();
  tell(form, "");
  try {
    await flow(form);
    location.assign(form.dataset.next ?? location.pathname);
  } catch (failure) {
    tell(form, sentence(failure), "bad");
    delete form.dataset.sending;
    form.removeAttribute("aria-busy");
  }
});
