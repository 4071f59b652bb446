declare module "*/ILoyaltyProgram.json" {
  export const abi: import("viem").Abi;
}
declare module "*/ISettlement.json" {
  export const abi: import("viem").Abi;
}
declare module "*/IProgramFactory.json" {
  export const abi: import("viem").Abi;
}
declare module "*/ILoyaltyBadge.json" {
  export const abi: import("viem").Abi;
}

declare module "virtual:release" {
  /** Runtime code of a contract as this release compiles it, its immutables zeroed, hashed. */
  export interface ReleasedCode {
    name: string;
    compiler: string;
    length: number;
    hash: `0x${string}`;
    /** [first byte, number of bytes] of what the constructor writes into the code. */
    immutables: [number, number][];
  }
  export const release: ReleasedCode[];
}
