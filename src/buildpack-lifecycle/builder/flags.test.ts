import assert from "node:assert/strict";
import { test } from "node:test";
import { parseFlags } from "./flags.ts";

test("parseFlags() has the original's defaults", () => {
  assert.deepEqual(parseFlags(["-buildpackOrder=a,b"], "/home/vcap"), {
    kind: "flags",
    flags: {
      buildDir: "/tmp/app",
      buildpackOrder: ["a", "b"],
      skipDetect: false,
      skipCertVerify: false,
      outputDroplet: "/tmp/droplet",
      outputMetadata: "/tmp/result.json",
      outputBuildArtifactsCache: "/tmp/output-cache",
      buildpacksDir: "/tmp/buildpacks",
      buildpacksDownloadDir: "/tmp/buildpackdownloads",
      buildArtifactsCacheDir: "/tmp/cache",
      resumeFrom: "",
    },
  });
});

test("parseFlags() reads Go's syntax", () => {
  const parsed = parseFlags(
    ["--buildpackOrder", "a=b", "-skipDetect", "-skipCertVerify=T", "-buildDir=app", "rest", "-x"],
    "/home/vcap",
  );
  assert.ok(parsed.kind === "flags");
  const { buildpackOrder, skipDetect, skipCertVerify, buildDir } = parsed.flags;
  assert.deepEqual(
    [buildpackOrder, skipDetect, skipCertVerify, buildDir],
    [["a=b"], true, true, "/home/vcap/app"],
  );
});

for (const [args, problem] of [
  [[], "missing flag: -buildpackOrder"],
  [["-buildpackOrder=a", "-buildDir="], "missing flag: -buildDir"],
  [["-nonsense=1"], "flag provided but not defined: -nonsense"],
  [["-buildDir"], "flag needs an argument: -buildDir"],
  [["-skipDetect=maybe"], 'invalid boolean value "maybe" for -skipDetect'],
] as const) {
  test(`parseFlags() refuses ${JSON.stringify(args)}`, () => {
    const parsed = parseFlags(args, "/");
    assert.ok(parsed.kind === "usage");
    assert.equal(parsed.message.split("\n")[0], problem);
  });
}
