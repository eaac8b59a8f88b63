import { z } from "zod";
import { safeSegments } from "./blob-path.ts";

/** Where blobs lie in an S3-compatible store. Holds no secret: credentials come from the environment. */
export interface S3Location {
  readonly bucket: string;
  /** Before every key, `/` as separator and none at the ends; empty for none. */
  readonly prefix: string;
  /** Undefined: Amazon's own, of that region. */
  readonly endpoint: string | undefined;
  readonly region: string;
  /** `https://host/bucket/key` rather than `https://bucket.host/key`. */
  readonly pathStyle: boolean;
  /** Cells fetch from the store itself, by URLs that expire, rather than through Cloud Controller. */
  readonly signedUrls: boolean;
}

const yesOrNo = z.enum(["true", "false"], { error: 'must be "true" or "false"' });

const querySchema = z.strictObject({
  endpoint: z.url({ protocol: /^https?$/, error: "must be a URL of http or https" }).optional(),
  region: z
    .string()
    .regex(/^[a-z0-9-]+$/, "must be the name of a region")
    .default("us-east-1"),
  "path-style": yesOrNo.optional(),
  "signed-urls": yesOrNo.default("false"),
});

/**
 * `s3://BUCKET[/PREFIX][?endpoint=URL&region=NAME&path-style=BOOLEAN&signed-urls=BOOLEAN]`. With an endpoint of its own
 * path style is the default: few such stores have a name in DNS for every bucket.
 *
 * @throws with one line that says what is wrong, without what may be a secret.
 */
export function parseS3Url(text: string): S3Location {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "s3:" || url.hostname === "" || url.port !== "" || url.hash !== "") {
    throw new Error("must be like s3://bucket/prefix?endpoint=https://host&region=name");
  }
  if (url.username !== "" || url.password !== "") {
    throw new Error(
      "must hold no credentials: give them as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    );
  }
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(url.hostname)) {
    throw new Error(`"${url.hostname}" is no name of a bucket`);
  }
  const prefix = url.pathname.replaceAll(/^\/+|\/+$/g, "");
  if (prefix !== "") safeSegments(prefix);
  const parsed = querySchema.safeParse(Object.fromEntries(url.searchParams));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(`${issue?.path.join(".") ?? ""} ${issue?.message ?? "is wrong"}`.trim());
  }
  const { endpoint, region } = parsed.data;
  const pathStyle = parsed.data["path-style"];
  return {
    bucket: url.hostname,
    prefix,
    endpoint,
    region,
    pathStyle: pathStyle === undefined ? endpoint !== undefined : pathStyle === "true",
    signedUrls: parsed.data["signed-urls"] === "true",
  };
}
