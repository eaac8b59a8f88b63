import assert from "node:assert/strict";
import { test } from "node:test";
import { UaaError } from "../uaa-error.ts";
import { isRegistrable, resolveRedirectUri } from "./redirect-uri.ts";

const redirectUris = [
  "https://app.example.com/callback",
  "https://one.example.com/login/*",
  "https://any.example.com/**",
  "http://localhost:8000/cb?fixed=1",
  "com.example.app:/done",
];

for (const uri of [
  "https://app.example.com/callback",
  "https://one.example.com/login/a?x=1",
  "https://any.example.com/a/b/c",
  "http://localhost:8000/cb?fixed=1",
  "com.example.app:/done",
]) {
  test(`the redirect URI ${uri} is one of the registered`, () => {
    assert.equal(resolveRedirectUri({ redirectUris }, uri), uri);
  });
}

for (const uri of [
  "https://app.example.com/callback/",
  "https://app.example.com/callback?x=1",
  "http://app.example.com/callback",
  "https://app.example.com:444/callback",
  "https://app.example.com.evil.com/callback",
  "https://app.example.com@evil.com/callback",
  "https://one.example.com/login/a/b",
  "https://any.example.com@evil.com/",
  "https://any.example.com/../x",
  "https://any.example.com/a/..?x",
  "https://any.example.com/%2e%2e/x",
  "https://any.example.com/x#fragment",
  "https://any.example.com/\\evil.com",
  "//evil.com",
  "/callback",
  "javascript:alert(1)",
  "",
]) {
  test(`the redirect URI [${uri}] is none of the registered`, () => {
    assert.throws(
      () => resolveRedirectUri({ redirectUris }, uri),
      (error) =>
        error instanceof UaaError &&
        error.httpStatus === 400 &&
        error.message === `Invalid redirect ${uri} did not match one of the registered values`,
    );
  });
}

test("a request without a redirect URI needs a client with exactly one, and no wildcard", () => {
  const of = (...uris: string[]) => resolveRedirectUri({ redirectUris: uris }, undefined);

  assert.equal(of("https://a.example.com/cb"), "https://a.example.com/cb");
  for (const uris of [[], ["https://a.example.com/**"], ["https://a/cb", "https://b/cb"]]) {
    assert.throws(() => of(...uris), /must be either supplied or preconfigured/);
  }
});

test("isRegistrable() takes absolute URIs whose only wildcard is the end of the path", () => {
  for (const uri of redirectUris) assert.ok(isRegistrable(uri), uri);
  for (const uri of [
    "*",
    "https://*.example.com/cb",
    "https://a/*/b",
    "javascript:x",
    "cb",
    "https://a/cb#x",
  ]) {
    assert.ok(!isRegistrable(uri), uri);
  }
});
