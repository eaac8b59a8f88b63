import assert from "node:assert/strict";
import { test } from "node:test";
import { parseS3Url } from "./s3-location.ts";

test("a URL of S3 names bucket and prefix, and the rest has defaults", () => {
  assert.deepEqual(parseS3Url("s3://my-bucket"), {
    bucket: "my-bucket",
    prefix: "",
    endpoint: undefined,
    region: "us-east-1",
    pathStyle: false,
    signedUrls: false,
  });
  assert.deepEqual(
    parseS3Url("s3://my-bucket/a/b/?endpoint=http://127.0.0.1:7070&region=eu-1&signed-urls=true"),
    {
      bucket: "my-bucket",
      prefix: "a/b",
      endpoint: "http://127.0.0.1:7070",
      region: "eu-1",
      pathStyle: true,
      signedUrls: true,
    },
  );
});

test("a wrong URL of S3 is refused with what is wrong, and without its password", () => {
  for (const [url, message] of [
    ["", "must be like s3://"],
    ["https://my-bucket", "must be like s3://"],
    ["s3:///prefix", "must be like s3://"],
    ["s3://my-bucket:80", "must be like s3://"],
    ["s3://key:secret@my-bucket", "must hold no credentials: give them as AWS_ACCESS_KEY_ID"],
    ["s3://My_Bucket", "is no name of a bucket"],
    ["s3://my-bucket/a//b", "is no key of a blob"],
    ["s3://my-bucket?endpoint=ftp://host", "endpoint must be a URL of http or https"],
    ["s3://my-bucket?region=a/b", "region must be the name of a region"],
    ["s3://my-bucket?path-style=yes", 'path-style must be "true" or "false"'],
    ["s3://my-bucket?unknown=1", "Unrecognized key"],
  ] as const) {
    assert.throws(
      () => parseS3Url(url),
      (error) =>
        error instanceof Error &&
        error.message.includes(message) &&
        !error.message.includes("secret"),
      url,
    );
  }
});
