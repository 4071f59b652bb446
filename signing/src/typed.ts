/** What a member signs, put together here: the server's word is compared with it, never signed. */
import { type Hex, hashTypedData } from "viem";

const DOMAIN = { name: "Mereau LoyaltyProgram", version: "1" };
const DOMAIN_TYPE = [
  { name: "name", type: "string" },
  { name: "version", type: "string" },
  { name: "chainId", type: "uint256" },
  { name: "verifyingContract", type: "address" },
];
const COUNTED = [
  { name: "nonce", type: "uint256" },
  { name: "deadline", type: "uint256" },
];
const TYPES = {
  Redeem: [
    { name: "member", type: "address" },
    { name: "amount", type: "uint256" },
    { name: "redemptionId", type: "bytes32" },
    ...COUNTED,
  ],
  SetSignedOnly: [
    { name: "member", type: "address" },
    { name: "signedOnly", type: "bool" },
    ...COUNTED,
  ],
  Rebind: [
    { name: "from", type: "address" },
    { name: "to", type: "address" },
    ...COUNTED,
  ],
} as const;

export type Action = keyof typeof TYPES;

/** What the page shows, by the names of the message's fields. */
export interface Shown {
  action: Action;
  contract: string;
  fields: Record<string, string | boolean>;
}

/** What the server asks to be signed. */
export interface Asked {
  deadline: number;
  digest: string;
  typed_data: {
    primaryType: string;
    domain: Record<string, unknown>;
    message: Record<string, unknown>;
  };
}

export interface Checked {
  digest: Hex;
  chainId: number;
  /** As `eth_signTypedData_v4` takes it. */
  document: string;
}

/** What is asked is not what is shown. */
export class Tampered extends Error {}

const same = (one: unknown, other: unknown) =>
  String(one).toLowerCase() === String(other).toLowerCase();

/** Raises Tampered unless the server asks for exactly what the page shows. */
export function checked(asked: Asked, shown: Shown): Checked {
  const { primaryType, domain, message } = asked.typed_data;
  const fields = TYPES[shown.action];
  const chainId = Number(domain.chainId);
  const sound =
    primaryType === shown.action &&
    domain.name === DOMAIN.name &&
    domain.version === DOMAIN.version &&
    same(domain.verifyingContract, shown.contract) &&
    Object.keys(domain).length === DOMAIN_TYPE.length &&
    Number.isSafeInteger(chainId) &&
    Object.keys(message).length === fields.length &&
    Object.entries(shown.fields).every(([name, value]) => same(message[name], value)) &&
    // Everything but the counters is shown.
    Object.keys(shown.fields).length === fields.length - COUNTED.length &&
    same(message.deadline, asked.deadline);
  if (!sound) throw new Tampered("the typed data is not what is shown");
  const whole = {
    types: { EIP712Domain: DOMAIN_TYPE, [shown.action]: fields },
    primaryType: shown.action as string,
    domain: { ...DOMAIN, chainId, verifyingContract: shown.contract as Hex },
    message,
  };
  const digest = hashTypedData(whole as unknown as Parameters<typeof hashTypedData>[0]);
  if (!same(digest, asked.digest)) throw new Tampered("the digest is another message's");
  return { digest, chainId, document: JSON.stringify(whole) };
}
