import assert from "node:assert/strict";
import { test } from "node:test";
import { complaintIn } from "./last-words.ts";

const npm = `       Installing node modules (package.json): npm install
npm error code E404
npm error 404 Not Found - GET https://registry.npmjs.org/absent
npm error 404
npm error 404  The requested resource 'absent@1.0.0' could not be found or you do not have permission to access it.
npm error Log files were not written due to the config logs-max=0
       **ERROR** npm install failed: see above.
`;

const table: readonly (readonly [string, string, string | undefined])[] = [
  ["npm", npm, "npm error 404 Not Found - GET https://registry.npmjs.org/absent"],
  [
    "a buildpack's own mark",
    "-----> Nodejs Buildpack\n       \u001B[31m**ERROR**\u001B[0m Cannot read package.json: Expected double-quoted property name\n",
    "Cannot read package.json: Expected double-quoted property name",
  ],
  [
    "a mark that only points at a script which complained of nothing",
    'compiling\n       **ERROR** The script "build" of package.json failed: see above.\n',
    'The script "build" of package.json failed',
  ],
  [
    "pip",
    "Collecting absent\nERROR: Could not find a version that satisfies the requirement absent (from versions: none)\nERROR: No matching distribution found for absent\n",
    "ERROR: Could not find a version that satisfies the requirement absent (from versions: none)",
  ],
  [
    "tsc",
    "> tsc -p .\nsrc/a.ts(1,1): error TS2304: Cannot find name 'x'.\n",
    "src/a.ts(1,1): error TS2304: Cannot find name 'x'.",
  ],
  ["go", "# example.com/app\n./main.go:5:2: undefined: foo\n", "./main.go:5:2: undefined: foo"],
  [
    "maven",
    "[INFO] BUILD FAILURE\n[INFO] ----\n[ERROR] Failed to execute goal compile on project app: Could not resolve dependencies\n[ERROR] Re-run with -e for the errors\n",
    "Failed to execute goal compile on project app: Could not resolve dependencies",
  ],
  [
    "git",
    "Cloning into '/tmp/x'...\nfatal: unable to access 'http://nobody.invalid/x.git/': Could not resolve host: nobody.invalid\n",
    "fatal: unable to access 'http://nobody.invalid/x.git/': Could not resolve host: nobody.invalid",
  ],
  [
    "a shell",
    "finalizing\nbin/finalize: 2: nosuchcommand: not found\n",
    "bin/finalize: 2: nosuchcommand: not found",
  ],
  [
    "a stack trace behind the complaint",
    "app.js:12\nSyntaxError: Unexpected token\n    at wrap (node:internal)\n    at load\n",
    "SyntaxError: Unexpected token",
  ],
  [
    "what would do something to a terminal",
    "\u001B[2J\u001B]0;title\u0007fatal: \u202Ereversed\r\n",
    "fatal: reversed",
  ],
  [
    "a script, not in those of the builder that follow where their order is lost",
    "fatal: no compiler\nFailed to compile droplet: Failed to run all supply scripts: exit status 1\n",
    "fatal: no compiler",
  ],
  ["nothing that sounds like a complaint", "line 1\nterrors of the deep\nline 2\n", undefined],
  ["nothing at all", "", undefined],
];

for (const [what, said, expected] of table) {
  test(`why a script failed is found in the words of ${what}`, () => {
    assert.equal(complaintIn(said), expected);
  });
}

test("a complaint that is long is told to its first 240 characters", () => {
  const found = complaintIn(`fatal: ${"x".repeat(5_000)}`);

  assert.equal(found?.length, 240);
  assert.match(found ?? "", /^fatal: x+\.\.\.$/);
});
