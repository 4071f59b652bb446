// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";

import {ILoyaltyProgram} from "../contracts/interfaces/ILoyaltyProgram.sol";
import {ProgramRules} from "../contracts/program/ProgramRules.sol";
import {ProgramStorage} from "../contracts/program/ProgramStorage.sol";
import {vm} from "./Cheats.sol";

/// @title Everything that issuer, members and strangers can do to a program, and what must follow.
/// @dev Run by forge, which calls the functions below in random order with random arguments, none
/// of which may revert. The handler keeps a list of points per member and period, moves them by
/// itself, and never reads the program to know them.
contract Handler {
    uint256 internal constant MEMBERS = 6;
    uint256 internal constant VALIDITY = 2;
    uint256 internal constant CAP = 900_000;
    uint256 internal constant MINT_PER_DAY = 60_000;
    uint256 internal constant DEBIT_PER_DAY = 25_000;

    bytes32 private constant REDEEM = keccak256(
        "Redeem(address member,uint256 amount,bytes32 redemptionId,uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant DOMAIN = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );

    ILoyaltyProgram public program;

    /// @dev Points by member and month of earning.
    mapping(address member => mapping(uint256 month => uint256)) public points;
    mapping(address member => bool) public signedOnly;
    mapping(address member => uint256) public keyOf;
    address[] public members;
    uint256 public month;
    uint256 public firstMonth;
    uint256 public mintedToday;
    uint256 public debitedToday;
    uint256 private day;
    uint256 private keys;
    uint64 private seq;
    uint256 private monthStart = 1_777_593_600;
    uint256 private monthOfStart = 2026 * 12 + 4;

    constructor() {
        vm.warp(1_779_278_400);
        month = 2026 * 12 + 4;
        firstMonth = month;
        day = block.timestamp / 1 days;
        bytes memory code = vm.getCode(".build/proven/LoyaltyProgram.json");
        address logic;
        assembly ("memory-safe") {
            logic := create(0, add(code, 0x20), mload(code))
        }
        program = ILoyaltyProgram(
            Clones.cloneWithImmutableArgs(
                logic,
                abi.encode(
                    ProgramRules.pack(address(this), 0, 1, uint8(VALIDITY), false, 0, 30),
                    ProgramRules.packLimits(
                        uint64(CAP), uint48(MINT_PER_DAY), uint48(DEBIT_PER_DAY)
                    ),
                    ProgramStorage.Identity("", "", "", "", "")
                )
            )
        );
        for (uint256 i = 0; i < MEMBERS; ++i) {
            _join();
        }
    }

    function memberCount() external view returns (uint256) {
        return members.length;
    }

    function live(address member) public view returns (uint256 sum) {
        for (uint256 back = 0; back <= VALIDITY; ++back) {
            sum += points[member][month - back];
        }
    }

    // What forge calls.

    function mint(uint256 who, uint256 amount, uint256 kind) external {
        address member = _member(who);
        amount = _atMost(amount, _least(MINT_PER_DAY - mintedToday, CAP - program.totalSupply()));
        if (amount == 0) return;
        uint256 kinds = [uint256(1), 2, 6][kind % 3];
        _apply(_word(member, kinds, 0, amount));
        mintedToday += amount;
        points[member][month] += amount;
    }

    function restore(uint256 who, uint256 amount, uint256 age) external {
        address member = _member(who);
        age %= VALIDITY + 1;
        amount = _atMost(amount, _least(MINT_PER_DAY - mintedToday, CAP - program.totalSupply()));
        if (amount == 0) return;
        _apply(_word(member, 5, age, amount));
        mintedToday += amount;
        points[member][month - age] += amount;
    }

    function debit(uint256 who, uint256 amount, uint256 kind) external {
        address member = _member(who);
        amount = _atMost(amount, _least(live(member), DEBIT_PER_DAY - debitedToday));
        if (amount == 0 || signedOnly[member]) return;
        _apply(_word(member, kind % 2 == 0 ? 3 : 7, 0, amount));
        debitedToday += amount;
        _spend(member, amount);
    }

    function clawBack(uint256 who, uint256 amount) external {
        address member = _member(who);
        amount = _atMost(amount, DEBIT_PER_DAY - debitedToday);
        if (amount == 0) return;
        _apply(_word(member, 4, 0, amount));
        if (signedOnly[member]) return;
        amount = _least(amount, live(member));
        debitedToday += amount;
        _spend(member, amount);
    }

    function redeem(uint256 who, uint256 amount) external {
        address member = _member(who);
        amount = _atMost(amount, live(member));
        if (amount == 0) return;
        bytes32 digest = keccak256(
            abi.encode(
                REDEEM,
                member,
                amount,
                bytes32(amount),
                program.nonces(member),
                block.timestamp
            )
        );
        bytes32 domain = keccak256(
            abi.encode(
                DOMAIN,
                keccak256("Mereau LoyaltyProgram"),
                keccak256("1"),
                block.chainid,
                address(program)
            )
        );
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(keyOf[member], keccak256(abi.encodePacked(hex"1901", domain, digest)));
        program.redeem(
            member, amount, bytes32(amount), block.timestamp, abi.encodePacked(r, s, v)
        );
        _spend(member, amount);
    }

    function consent(uint256 who, bool wanted) external {
        address member = _member(who);
        vm.prank(member);
        program.setSignedOnly(wanted);
        signedOnly[member] = wanted;
    }

    function rebind(uint256 who) external {
        uint256 index = who % members.length;
        address from = members[index];
        if (signedOnly[from] || live(from) > DEBIT_PER_DAY - debitedToday) return;
        debitedToday += live(from);
        _join();
        address to = members[members.length - 1];
        program.rebind(++seq, bytes32(uint256(seq)), from, to, 0, "");
        for (uint256 back = 0; back <= VALIDITY; ++back) {
            points[to][month - back] = points[from][month - back];
            points[from][month - back] = 0;
        }
        members[index] = to;
        members.pop();
    }

    function sweep(uint256 who, address stranger) external {
        address[] memory some = new address[](2);
        some[0] = _member(who);
        some[1] = _member(who / MEMBERS);
        vm.prank(stranger);
        program.expire(some);
    }

    /// @dev Hours, so that several things happen on a day, and now and then a month.
    function wait(uint256 long) external {
        uint256 next = block.timestamp + (long % 16 == 0 ? 20 days : (long % 9) * 1 hours);
        vm.warp(next);
        if (next / 1 days != day) {
            day = next / 1 days;
            mintedToday = 0;
            debitedToday = 0;
        }
        // The calendar by itself: the length of each month from a table.
        while (next >= _startOfNext()) ++month;
    }

    function tryToTransfer(uint256 who, uint256 whom, uint256 amount) external {
        vm.prank(_member(who));
        (bool moved,) = address(program).call(
            abi.encodeWithSignature("transfer(address,uint256)", _member(whom), amount)
        );
        require(!moved, "moved");
    }

    // Inside.

    function _startOfNext() private returns (uint256) {
        while (monthOfStart < month) {
            monthStart += _daysOf(monthOfStart) * 1 days;
            ++monthOfStart;
        }
        return monthStart + _daysOf(month) * 1 days;
    }

    function _daysOf(uint256 which) private pure returns (uint256) {
        uint256 year = which / 12;
        bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        uint8[12] memory lengths = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        return lengths[which % 12];
    }

    function _join() private {
        uint256 key = ++keys;
        address member = vm.addr(key);
        keyOf[member] = key;
        members.push(member);
    }

    function _member(uint256 who) private view returns (address) {
        return members[who % members.length];
    }

    function _spend(address member, uint256 amount) private {
        for (uint256 back = VALIDITY + 1; back > 0; --back) {
            uint256 lot = points[member][month + 1 - back];
            uint256 taken = _least(lot, amount);
            points[member][month + 1 - back] = lot - taken;
            amount -= taken;
        }
    }

    function _apply(uint256 word) private {
        uint256[] memory words = new uint256[](1);
        words[0] = word;
        program.applyBatch(++seq, bytes32(uint256(seq)), words);
    }

    function _word(address member, uint256 kind, uint256 age, uint256 amount)
        private
        pure
        returns (uint256)
    {
        return (uint256(uint160(member)) << 96) | (kind << 88) | (age << 80) | (7 << 64) | amount;
    }

    /// @dev One to `most`, or zero when that is.
    function _atMost(uint256 amount, uint256 most) private pure returns (uint256) {
        return most == 0 ? 0 : 1 + amount % most;
    }

    function _least(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }
}
