import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "#kernel/clock/fake-clock.ts";
import type { AuthContext } from "../http/auth-context.ts";
import { MatchReferences, type MatchedResource } from "./match-references.ts";

const alice = caller("alice");

function caller(userGuid: string): AuthContext {
  return {
    userGuid,
    userName: userGuid,
    email: "",
    origin: "uaa",
    scopes: new Set(),
    isAdmin: true,
    isAdminReadOnly: false,
    isGlobalAuditor: false,
    isClient: false,
  };
}

function files(count: number): MatchedResource[] {
  const one = { sha1: "a".repeat(40), size: 1, path: "a", mode: 0o644, file: undefined };
  return Array.from({ length: count }, () => one);
}

test("a match is found by its reference, once, and by nobody else", () => {
  const references = new MatchReferences(new FakeClock());
  const matched = files(2);
  const reference = references.remember(alice, matched);

  assert.equal(references.take(caller("mallory"), reference), undefined);
  assert.equal(references.take(alice, "another"), undefined);
  assert.equal(references.take(alice, reference), matched);
  assert.equal(references.take(alice, reference), undefined);
});

test("a match is forgotten after its time, and the oldest of too many at once", async () => {
  const clock = new FakeClock();
  const references = new MatchReferences(clock);
  const half = MatchReferences.mostResources / 2;
  const first = references.remember(alice, files(half));
  const second = references.remember(alice, files(half));
  const third = references.remember(alice, files(1));
  assert.equal(references.take(alice, first), undefined);
  assert.equal(references.take(alice, second)?.length, half);

  const over = clock.sleep(MatchReferences.heldForMs);
  await clock.advance(MatchReferences.heldForMs);
  await over;

  assert.equal(references.take(alice, third), undefined);
});
