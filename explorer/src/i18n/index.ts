/** The reader's language: the one set here, or the browser's; English is always there. */
import { en, type Messages } from "./en";

export type Language = "en" | "fr";

const KEY = "mereau.language";
let current: { language: Language; messages: Messages } = { language: "en", messages: en };

export function m(): Messages {
  return current.messages;
}

export function language(): Language {
  return current.language;
}

/** The reader's own way of writing numbers and dates, where it is of the language shown. */
export function locale(): string {
  return navigator.languages.find((each) => each.startsWith(current.language)) ?? current.language;
}

export function preferredLanguage(): Language {
  const kept = localStorage.getItem(KEY);
  if (kept === "en" || kept === "fr") return kept;
  return navigator.language.toLowerCase().startsWith("fr") ? "fr" : "en";
}

export async function useLanguage(wanted: Language): Promise<void> {
  const messages = wanted === "fr" ? (await import("./fr")).fr : en;
  current = { language: wanted, messages };
  document.documentElement.lang = wanted;
}

export function keepLanguage(wanted: Language): void {
  localStorage.setItem(KEY, wanted);
}
