/** A block: its header, whether its hash is the hash of that header, and its transactions. */
import { m } from "../i18n";
import { addressLink, blockLink, isHash, pathTo, txLink } from "../paths";
import { headerHash } from "../proof/header";
import { asArray, asHex, asNumber, asObject, quantity } from "../rpc";
import type { Context } from "../settings";
import { type Child, h } from "../ui/dom";
import { count, moment } from "../ui/format";
import { alertBox, badge, facts, heading, mono, quiet, section, table } from "../ui/parts";
import { decodeInput } from "../abi";

export async function blockPage({ rpc }: Context, name: string): Promise<Child> {
  const asked = isHash(name)
    ? rpc.one("eth_getBlockByHash", name, true)
    : rpc.one("eth_getBlockByNumber", quantity(Number(name)), true);
  const [answer, head] = await Promise.all([asked, rpc.one("eth_blockNumber")]);
  if (answer === null) return [heading(`${m().block} ${name}`), quiet(m().noBlock)];
  const block = asObject(answer);
  const number = asNumber(block.number);
  const hash = asHex(block.hash);
  const genuine = headerHash(block) === hash && (!isHash(name) || hash === name.toLowerCase());
  const go = (to: number, text: string) => {
    return h("a", { href: pathTo({ name: "block", block: String(to) }) }, text);
  };
  return [
    heading(`${m().block} ${count(number)}`),
    h(
      "nav",
      { class: "pager", "aria-label": m().neighbours },
      number > 0 ? go(number - 1, `← ${m().before}`) : null,
      number < asNumber(head) ? go(number + 1, `${m().after} →`) : null,
    ),
    genuine ? null : alertBox(m().badHeader),
    section(
      m().details,
      facts([
        [
          m().hash,
          [mono(hash), " ", genuine ? badge(m().recomputed, "good") : badge(m().refuted, "bad")],
        ],
        [m().parent, number > 0 ? blockLink(number - 1) : null],
        [m().time, moment(asNumber(block.timestamp))],
        [m().gas, `${count(asNumber(block.gasUsed))} / ${count(asNumber(block.gasLimit))}`],
        [m().stateRoot, mono(asHex(block.stateRoot))],
      ]),
    ),
    section(m().transactions, transactions(asArray(block.transactions).map(asObject))),
  ];
}

function transactions(rows: Record<string, unknown>[]): HTMLElement {
  return table<Record<string, unknown>>(
    m().transactions,
    [
      { title: m().transaction, cell: (tx) => txLink(asHex(tx.hash)) },
      { title: m().from, cell: (tx) => addressLink(asHex(tx.from)) },
      { title: m().to, cell: (tx) => (tx.to ? addressLink(asHex(tx.to)) : m().newContract) },
      { title: m().functionCalled, cell: (tx) => mono(decodeInput(asHex(tx.input))?.name ?? "") },
    ],
    rows,
  );
}
