/** JSON-RPC over HTTP: questions in batches, answers checked for their form. */
import type { Address, Hex } from "viem";

import type { Question, RawLog } from "./abi";

const BATCH_MAX = 20;
const TIMEOUT_MS = 20_000;

export type Failure = "unreachable" | "refused" | "broken";

/** The node gave no answer, said no, or said something that is no answer. */
export class RpcError extends Error {
  constructor(
    readonly kind: Failure,
    message: string,
  ) {
    super(message);
  }
}

export type Call = [method: string, ...params: unknown[]];

interface Reply {
  id?: unknown;
  result?: unknown;
  error?: { message?: unknown };
}

export class Rpc {
  private nextId = 1;
  /** How many requests were sent: what a proof cost. */
  sent = 0;

  constructor(readonly url: string) {}

  async one(...call: Call): Promise<unknown> {
    return (await this.many([call]))[0];
  }

  /** The answers in order; the first refusal among them is thrown. */
  async many(calls: Call[]): Promise<unknown[]> {
    return (await this.settled(calls)).map((answer) => {
      if (answer instanceof RpcError) throw answer;
      return answer;
    });
  }

  /** The answers in order, a refusal as the RpcError that it is. */
  async settled(calls: Call[]): Promise<unknown[]> {
    const pages: Call[][] = [];
    for (let at = 0; at < calls.length; at += BATCH_MAX)
      pages.push(calls.slice(at, at + BATCH_MAX));
    return (await Promise.all(pages.map((page) => this.page(page)))).flat();
  }

  /** Views at one block, answers decoded; a call that reverts throws. */
  async ask(questions: Question[], block: number): Promise<unknown[]> {
    const answers = await this.many(
      questions.map(({ to, data }) => ["eth_call", { to, data }, quantity(block)]),
    );
    return answers.map((answer, at) => decoded(questions[at]!, asHex(answer)));
  }

  private async page(calls: Call[]): Promise<unknown[]> {
    const requests = calls.map(([method, ...params]) => ({
      jsonrpc: "2.0",
      id: this.nextId++,
      method,
      params,
    }));
    const answer = await this.post(requests.length === 1 ? requests[0] : requests);
    const replies = (Array.isArray(answer) ? answer : [answer]) as Reply[];
    const byId = new Map(replies.map((reply) => [reply?.id, reply]));
    return requests.map(({ id, method }) => {
      const reply = byId.get(id) ?? (replies[0]?.error ? replies[0] : undefined);
      if (!reply) throw new RpcError("broken", `${method}: no answer to the question`);
      if (reply.error) return new RpcError("refused", String(reply.error.message ?? "refused"));
      if (!("result" in reply)) throw new RpcError("broken", `${method}: neither answer nor error`);
      return reply.result;
    });
  }

  private async post(body: unknown): Promise<unknown> {
    this.sent += 1;
    let response: Response;
    try {
      response = await fetch(this.url, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
        credentials: "omit",
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
    } catch {
      throw new RpcError("unreachable", this.url);
    }
    try {
      return (await response.json()) as unknown;
    } catch {
      throw new RpcError(response.ok ? "broken" : "unreachable", `HTTP ${response.status}`);
    }
  }
}

function decoded(question: Question, answer: Hex): unknown {
  try {
    return question.decode(answer);
  } catch {
    throw new RpcError("broken", `eth_call of ${question.to}`);
  }
}

export function quantity(value: number | bigint): Hex {
  return `0x${value.toString(16)}`;
}

/** What a node may say in place of bytes is anything: only bytes come through. */
export function asHex(value: unknown): Hex {
  if (typeof value !== "string" || !/^0x([0-9a-fA-F]{2})*$/.test(value)) {
    throw new RpcError("broken", "not bytes");
  }
  return value.toLowerCase() as Hex;
}

export function asBig(value: unknown): bigint {
  if (typeof value !== "string" || !/^0x[0-9a-fA-F]{1,64}$/.test(value)) {
    throw new RpcError("broken", "not a quantity");
  }
  return BigInt(value);
}

export function asNumber(value: unknown): number {
  const big = asBig(value);
  if (big > BigInt(Number.MAX_SAFE_INTEGER)) throw new RpcError("broken", "too large a quantity");
  return Number(big);
}

export function asObject(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new RpcError("broken", "not an object");
  }
  return value as Record<string, unknown>;
}

export function asArray(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new RpcError("broken", "not a list");
  return value;
}

export function asLog(value: unknown): RawLog {
  const log = asObject(value);
  return {
    address: asHex(log.address) as Address,
    topics: asArray(log.topics).map(asHex),
    data: asHex(log.data),
    blockNumber: asNumber(log.blockNumber),
    transactionHash: asHex(log.transactionHash),
    logIndex: asNumber(log.logIndex),
  };
}
