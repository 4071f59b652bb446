/** Why points came or went, and where to, if to another address of the member. */
import { m } from "../i18n";
import { addressLink } from "../paths";
import type { Movement } from "../program/movements";
import type { Child } from "../ui/dom";

export function whyCell({ why, other }: Movement): Child {
  return [m().whys[why], other ? [" ", addressLink(other)] : null];
}
