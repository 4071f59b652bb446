/** Where the chain stands, the programs on it, and its newest blocks. */
import { m } from "../i18n";
import {
  asAddress,
  blockLink,
  isBlockNumber,
  isHash,
  type Page,
  pathTo,
  tokenLink,
} from "../paths";
import { type Known, knownPrograms, readProgram } from "../program/read";
import { asArray, asNumber, asObject, quantity, type Rpc } from "../rpc";
import type { Context } from "../settings";
import { type Child, h } from "../ui/dom";
import { count, moment, points } from "../ui/format";
import { heading, quiet, section, table } from "../ui/parts";

const BLOCKS = 6;

type Row = Known & { supply: bigint };

export async function homePage({ rpc, config }: Context): Promise<Child> {
  const head = asNumber(await rpc.one("eth_blockNumber"));
  const [programs, blocks] = await Promise.all([
    knownPrograms(rpc, config, head),
    newestBlocks(rpc, head),
  ]);
  const rows = await Promise.all(
    programs.map(async (each): Promise<Row> => {
      return { ...each, supply: (await readProgram(rpc, each.address, head)).supply };
    }),
  );
  return [
    heading(m().title),
    quiet(m().intro),
    section(m().programsTitle, config.factory ? programTable(rows) : quiet(m().noFactory)),
    section(m().newestBlocks, blockTable(blocks)),
  ];
}

async function newestBlocks(rpc: Rpc, head: number): Promise<Record<string, unknown>[]> {
  const numbers = Array.from({ length: Math.min(BLOCKS, head + 1) }, (_, back) => head - back);
  const calls = numbers.map(
    (n) => ["eth_getBlockByNumber", quantity(n), false] as [string, ...unknown[]],
  );
  return (await rpc.many(calls)).map(asObject);
}

function programTable(rows: Row[]): HTMLElement {
  return table<Row>(
    m().programsTitle,
    [
      {
        title: m().program,
        cell: ({ address, birth }) => tokenLink(address, birth.name || m().unnamed),
      },
      { title: m().symbol, cell: ({ birth }) => birth.symbol },
      { title: m().supply, cell: (each) => points(each.supply, each.birth.decimals), number: true },
    ],
    rows,
  );
}

function blockTable(blocks: Record<string, unknown>[]): HTMLElement {
  return table<Record<string, unknown>>(
    m().newestBlocks,
    [
      { title: m().block, cell: ({ number }) => blockLink(asNumber(number)) },
      { title: m().time, cell: ({ timestamp }) => moment(asNumber(timestamp)) },
      {
        title: m().transactions,
        cell: ({ transactions }) => count(asArray(transactions).length),
        number: true,
      },
    ],
    blocks,
  );
}

/** The page that a search means; null when nothing is found. */
export async function searched(context: Context | null, text: string): Promise<Page | null> {
  const wanted = text.trim();
  if (isBlockNumber(wanted)) return { name: "block", block: wanted };
  const address = asAddress(wanted);
  if (address) return { name: "address", address };
  if (/^0x[0-9a-fA-F]{40}$/.test(wanted)) return { name: "badChecksum", text: wanted };
  if (!context || wanted === "") return null;
  const { rpc, config } = context;
  if (isHash(wanted)) {
    const found = await rpc.one("eth_getTransactionByHash", wanted);
    return found ? { name: "tx", hash: wanted } : { name: "block", block: wanted };
  }
  const head = asNumber(await rpc.one("eth_blockNumber"));
  const programs = await knownPrograms(rpc, config, head);
  const low = wanted.toLowerCase();
  const program = programs.find(({ birth }) => {
    return birth.name.toLowerCase().includes(low) || birth.symbol.toLowerCase() === low;
  });
  return program ? { name: "token", address: program.address } : null;
}

export function nothingFound(text: string): Child {
  return [
    heading(m().nothingFound),
    quiet(m().nothingFoundText.replace("{text}", text)),
    h("p", null, h("a", { href: pathTo({ name: "home" }) }, m().title)),
  ];
}
