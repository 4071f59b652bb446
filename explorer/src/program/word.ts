/**
 * The one word that a program keeps of a member, as contracts/program/MemberWord.sol lays it out:
 * `period:16 | nonce:39 | signedOnly:1 | five 40-bit buckets`, newest lowest.
 */
const BUCKETS = 5;
const BUCKET_BITS = 40n;
const BUCKET_MASK = (1n << BUCKET_BITS) - 1n;

export interface MemberWord {
  period: number;
  nonce: bigint;
  signedOnly: boolean;
  /** Points by age in periods, the period's own first. */
  buckets: bigint[];
}

export function decodeWord(word: bigint): MemberWord {
  return {
    period: Number(word >> 240n),
    nonce: (word >> 201n) & ((1n << 39n) - 1n),
    signedOnly: ((word >> 200n) & 1n) === 1n,
    buckets: Array.from({ length: BUCKETS }, (_, age) => {
      return (word >> (BUCKET_BITS * BigInt(age))) & BUCKET_MASK;
    }),
  };
}

/** The word in `period`: every bucket older, those past `validity` periods gone. */
export function agedWord(word: MemberWord, period: number, validity: number): MemberWord {
  if (period <= word.period) return word;
  const goneBy = period - word.period;
  const buckets = word.buckets.map((_, age) => {
    return age <= validity ? (word.buckets[age - goneBy] ?? 0n) : 0n;
  });
  return { ...word, period, buckets };
}

export function pointsOf(word: MemberWord): bigint {
  return word.buckets.reduce((sum, points) => sum + points, 0n);
}

/** Where the contract keeps the word of `member`. */
export function slotOf(member: string): `0x${string}` {
  return `0x${member.slice(2).toLowerCase()}${"00".repeat(12)}`;
}
