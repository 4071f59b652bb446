/** Logs of a range of blocks, in as many questions as the node asks for. */
import type { Address, Hex } from "viem";

import type { RawLog } from "./abi";
import { asArray, asLog, quantity, type Rpc, RpcError } from "./rpc";

export interface Filter {
  address?: Address | Address[];
  topics: (Hex | Hex[] | null)[];
}

export type Progress = (share: number) => void;

/**
 * All logs from block `first` to block `last`, in order. A range that the node refuses is halved
 * until it answers; the size that it took is kept for the rest.
 */
export async function logsOf(
  rpc: Rpc,
  filter: Filter,
  first: number,
  last: number,
  progress: Progress = () => undefined,
): Promise<RawLog[]> {
  const found: RawLog[] = [];
  let span = last - first + 1;
  for (let from = first; from <= last;) {
    const to = Math.min(last, from + span - 1);
    const range = { fromBlock: quantity(from), toBlock: quantity(to) };
    try {
      const answer = await rpc.one("eth_getLogs", { ...filter, ...range });
      for (const each of asArray(answer)) found.push(asLog(each));
      from = to + 1;
      progress((from - first) / (last - first + 1));
    } catch (error) {
      const smaller = Math.floor((to - from + 1) / 2);
      if (!(error instanceof RpcError) || error.kind !== "refused" || smaller < 1) throw error;
      span = smaller;
    }
  }
  return found;
}

/** Several filters over the same range, merged into one list in the chain's order. */
export async function mergedLogs(rpc: Rpc, filters: Filter[], first: number, last: number) {
  const lists = await Promise.all(filters.map((filter) => logsOf(rpc, filter, first, last)));
  const byPlace = new Map<string, RawLog>();
  for (const log of lists.flat()) byPlace.set(`${log.blockNumber}/${log.logIndex}`, log);
  return [...byPlace.values()].sort(
    (a, b) => a.blockNumber - b.blockNumber || a.logIndex - b.logIndex,
  );
}
