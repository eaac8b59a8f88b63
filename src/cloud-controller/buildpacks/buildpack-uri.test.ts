import assert from "node:assert/strict";
import { test } from "node:test";
import { isBuildpackUri, withoutCredentials } from "./buildpack-uri.ts";

test("URLs of git and of zips may name a buildpack", () => {
  for (const uri of [
    "https://github.com/cloudfoundry/nodejs-buildpack",
    "https://user:secret@git.example.com/x.git#v1.2",
    "http://127.0.0.1:8080/buildpack.zip",
    "git://example.com/x.git",
    "ssh://git@example.com/x.git",
    "git@github.com:org/x.git",
  ]) {
    assert.equal(isBuildpackUri(uri), true, uri);
  }
});

test("what git would run, read as an option or take from the disk may not", () => {
  for (const uri of [
    "nodejs_buildpack",
    "--upload-pack=touch /tmp/x",
    "ext::sh -c id",
    "fd::17",
    "file:///etc",
    "/local/path",
    "ssh://-oProxyCommand=x/",
    "https://a.example,https://b.example",
    "",
  ]) {
    assert.equal(isBuildpackUri(uri), false, uri);
  }
});

for (const [uri, shown] of [
  ["https://user:secret@example.com/x.git", "https://***:***@example.com/x.git"],
  ["https://token@example.com/x.git", "https://***:***@example.com/x.git"],
  ["https://user:sec@ret@example.com/x.git", "https://***:***@example.com/x.git"],
  ["https://example.com/x@y.git", "https://example.com/x@y.git"],
  ["https://example.com/x.git", "https://example.com/x.git"],
] as const) {
  test(`${uri} is shown without its credentials`, () => {
    assert.equal(isBuildpackUri(uri), true);
    assert.equal(withoutCredentials(uri), shown);
  });
}
