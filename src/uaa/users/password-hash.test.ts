import assert from "node:assert/strict";
import { test } from "node:test";
import { hashPassword, isPasswordOf } from "./password-hash.ts";

test("a hash holds what it cost, by default what makes guessing dear, and is right whatever that was", async () => {
  const cheap = await hashPassword("secret", 2);
  const dear = await hashPassword("secret");

  assert.match(cheap, /^scrypt\$2\$8\$1\$/);
  assert.match(dear, /^scrypt\$16384\$8\$1\$/);
  assert.deepEqual(await Promise.all([cheap, dear].map((hash) => isPasswordOf(hash, "secret"))), [
    true,
    true,
  ]);
  assert.equal(await isPasswordOf(dear, "another"), false);
});
