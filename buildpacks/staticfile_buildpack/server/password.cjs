// Passwords as htpasswd writes them: $apr1$ (its default), {SHA}, {PLAIN}.
"use strict";
const { createHash, timingSafeEqual } = require("node:crypto");

function passwordMatches(password, stored) {
  if (stored.startsWith("$apr1$")) {
    return equal(apr1(password, stored.split("$")[2] ?? ""), stored);
  }
  if (stored.startsWith("{SHA}")) {
    return equal(`{SHA}${createHash("sha1").update(password).digest("base64")}`, stored);
  }
  if (stored.startsWith("{PLAIN}")) return equal(`{PLAIN}${password}`, stored);
  return false;
}

function equal(a, b) {
  const [left, right] = [a, b].map((text) => createHash("sha256").update(text).digest());
  return timingSafeEqual(left, right);
}

/** Apache's variant of MD5-crypt: 1,000 rounds, its own base 64. */
function apr1(password, salt) {
  const secret = Buffer.from(password);
  const inner = md5(secret, salt, secret);
  const parts = [secret, "$apr1$", salt];
  for (let left = secret.length; left > 0; left -= 16) parts.push(inner.subarray(0, Math.min(16, left)));
  for (let bits = secret.length; bits > 0; bits >>= 1) {
    parts.push((bits & 1) === 1 ? Buffer.alloc(1) : secret.subarray(0, 1));
  }
  let hash = md5(...parts);
  for (let round = 0; round < 1000; round += 1) {
    hash = md5(
      round % 2 === 1 ? secret : hash,
      round % 3 === 0 ? "" : salt,
      round % 7 === 0 ? "" : secret,
      round % 2 === 1 ? hash : secret,
    );
  }
  return `$apr1$${salt}$${encode(hash)}`;
}

function md5(...parts) {
  const hash = createHash("md5");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function encode(hash) {
  const alphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  const order = [[0, 6, 12], [1, 7, 13], [2, 8, 14], [3, 9, 15], [4, 10, 5]];
  let text = "";
  const put = (value, count) => {
    for (let index = 0; index < count; index += 1) text += alphabet[(value >> (6 * index)) & 0x3f];
  };
  for (const [a, b, c] of order) put((hash[a] << 16) | (hash[b] << 8) | hash[c], 4);
  put(hash[11], 2);
  return text;
}

module.exports = { passwordMatches };
