// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProgramBatch} from "./IProgramBatch.sol";
import {IProgramConsent} from "./IProgramConsent.sol";
import {IProgramLife} from "./IProgramLife.sol";
import {IProgramPoints} from "./IProgramPoints.sol";

/// @title One loyalty program: points that a member holds and nobody can move.
/// @notice Four parts: what is read, what the issuer does, what the member does, what may change.
interface ILoyaltyProgram is IProgramPoints, IProgramLife, IProgramBatch, IProgramConsent {}
