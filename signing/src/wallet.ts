/** Wallets: found by EIP-6963 or as window.ethereum, asked by EIP-1193. */
import type { Checked } from "./typed";

interface Provider {
  request(call: { method: string; params?: unknown[] }): Promise<unknown>;
}

export interface Wallet {
  name: string;
  provider: Provider;
}

export class OtherAccount extends Error {}

const LISTEN_MS = 150;
const UNKNOWN_CHAIN = 4902;

declare global {
  interface Window {
    ethereum?: Provider;
  }
}

/** The wallets of this browser, each once. */
export async function wallets(): Promise<Wallet[]> {
  const found = new Map<string, Wallet>();
  const hear = (event: Event) => {
    const { info, provider } = (event as CustomEvent).detail;
    found.set(info.uuid, { name: String(info.name).slice(0, 40), provider });
  };
  window.addEventListener("eip6963:announceProvider", hear);
  window.dispatchEvent(new Event("eip6963:requestProvider"));
  await new Promise((done) => setTimeout(done, LISTEN_MS));
  window.removeEventListener("eip6963:announceProvider", hear);
  if (found.size === 0 && window.ethereum) return [{ name: "", provider: window.ethereum }];
  return [...found.values()];
}

/** The account that the wallet's owner lets us see. */
export async function account({ provider }: Wallet): Promise<string> {
  const accounts = (await provider.request({ method: "eth_requestAccounts" })) as string[];
  return String(accounts[0] ?? "").toLowerCase();
}

/** The wallet's signature (0x hex) by this member; raises OtherAccount for another account. */
export async function sign(wallet: Wallet, member: string, what: Checked): Promise<string> {
  const { provider } = wallet;
  const accounts = (await provider.request({ method: "eth_requestAccounts" })) as string[];
  if (!accounts.some((each) => each.toLowerCase() === member)) throw new OtherAccount(member);
  await onChain(provider, what.chainId);
  const params = [member, what.document];
  return String(await provider.request({ method: "eth_signTypedData_v4", params }));
}

/** Wallets sign for the chain that they are on, and no other. */
async function onChain(provider: Provider, wanted: number): Promise<void> {
  const chainId = `0x${wanted.toString(16)}`;
  if (Number(await provider.request({ method: "eth_chainId" })) === wanted) return;
  try {
    await provider.request({ method: "wallet_switchEthereumChain", params: [{ chainId }] });
  } catch (refusal) {
    if ((refusal as { code?: number }).code !== UNKNOWN_CHAIN) throw refusal;
    const chain = {
      chainId,
      chainName: `Méreau ${wanted}`,
      rpcUrls: [`${location.origin}/rpc`],
      nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
    };
    await provider.request({ method: "wallet_addEthereumChain", params: [chain] });
  }
}
