/** Passkeys: made, and asked to sign, by the browser. */
import { concat, type Hex, keccak256, stringToBytes } from "viem";

interface Coded {
  [name: string]: string;
}

export const toBytes = (coded: string): Uint8Array<ArrayBuffer> => {
  const plain = atob(coded.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (character) => character.charCodeAt(0));
};

const toText = (bytes: ArrayBuffer): string =>
  btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

export const supported = (): boolean =>
  window.isSecureContext && typeof window.PublicKeyCredential === "function";

function spelled(credential: PublicKeyCredential, response: Coded): string {
  const { id, type } = credential;
  return JSON.stringify({ id, rawId: id, type, response });
}

/** WebAuthn's JSON, as the server spelled it. */
export interface Options {
  challenge: string;
  user: { id: string; name: string; displayName: string };
  rp: { id: string; name: string };
  pubKeyCredParams: PublicKeyCredentialParameters[];
}

export interface Made {
  /** For the server, which reads the key from it as well. */
  answer: string;
  /** The member that the key stands for. */
  address: Hex;
}

/** A new passkey of the options that the server gave. */
export async function make(options: Options): Promise<Made> {
  const created = (await navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: toBytes(options.challenge),
      user: { ...options.user, id: toBytes(options.user.id) },
      excludeCredentials: [],
    },
  })) as PublicKeyCredential;
  const response = created.response as AuthenticatorAttestationResponse;
  const answer = spelled(created, {
    attestationObject: toText(response.attestationObject),
    clientDataJSON: toText(response.clientDataJSON),
  });
  return { answer, address: memberOf(response.getPublicKey()) };
}

/** MemberKeys.memberOf: a P-256 key's SPKI ends with its point, uncompressed. */
function memberOf(spki: ArrayBuffer | null): Hex {
  if (spki === null) throw new Error("the browser cannot read this key");
  const point = new Uint8Array(spki).slice(-64);
  const hash = keccak256(concat([stringToBytes("mereau/passkey/1"), point]));
  return `0x${hash.slice(-40)}`;
}

/** The passkey's signature over a digest, as JSON for the server. */
export async function sign(digest: Hex, credentialId: string): Promise<string> {
  const challenge = Uint8Array.from(digest.slice(2).match(/../g) ?? [], (two) => parseInt(two, 16));
  const got = (await navigator.credentials.get({
    publicKey: {
      challenge,
      rpId: location.hostname,
      allowCredentials: [{ type: "public-key", id: toBytes(credentialId) }],
      userVerification: "required",
      timeout: 120_000,
    },
  })) as PublicKeyCredential;
  const response = got.response as AuthenticatorAssertionResponse;
  return spelled(got, {
    authenticatorData: toText(response.authenticatorData),
    clientDataJSON: toText(response.clientDataJSON),
    signature: toText(response.signature),
  });
}
