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
    "go, of which the first error counts",
    '# example.com/app\n./main.go:6:14: undefined: foo\n./main.go:7:6: declared and not used: x\n./main.go:8:5: cannot use "a"\n       **ERROR** go install failed: see above.\n',
    "./main.go:6:14: undefined: foo",
  ],
  [
    "go, which asks for a module on the next line",
    "main.go:3:8: no required module provides package example.com/mux; to add it:\n\tgo get example.com/mux\n       **ERROR** go install failed: see above.\n",
    "main.go:3:8: no required module provides package example.com/mux; to add it: go get example.com/mux",
  ],
  [
    "npm ci, with advice behind its pointer",
    `npm error code EUSAGE
npm error
npm error \`npm ci\` can only install packages when your package.json and package-lock.json are in sync.
npm error
npm error Missing: is-odd@3.0.1 from lock file
npm error
npm error Run "npm help ci" for more info
       **ERROR** npm ci failed: see above. Where the lock file does not fit package.json, npm install on your machine mends it.
`,
    "npm error `npm ci` can only install packages when your package.json and package-lock.json are in sync.",
  ],
  [
    "npm, of packages that exclude each other",
    `npm error code ERESOLVE
npm error ERESOLVE unable to resolve dependency tree
npm error
npm error While resolving: a@1.0.0
npm error Found: react@17.0.2
npm error node_modules/react
npm error   react@"17.0.2" from the root project
npm error
npm error Could not resolve dependency:
npm error peer react@"^18.2.0" from react-dom@18.2.0
npm error node_modules/react-dom
npm error
npm error Fix the upstream dependency conflict, or retry this command with --force
       **ERROR** npm install failed: see above.
`,
    'npm error Could not resolve dependency: peer react@"^18.2.0" from react-dom@18.2.0',
  ],
  [
    "npm, which passes on a compiler's",
    `npm error code 2
npm error path /tmp/app/node_modules/native
npm error command failed
npm error command sh -c make -C .
npm error make: Entering directory '/tmp/app/node_modules/native'
npm error bad.c:1:10: fatal error: nosuch.h: No such file or directory
npm error     1 | #include <nosuch.h>
npm error compilation terminated.
npm error make: *** [Makefile:2: all] Error 1
`,
    "bad.c:1:10: fatal error: nosuch.h: No such file or directory",
  ],
  [
    "pip, which builds a wheel",
    `  Building wheel for nat (pyproject.toml): finished with status 'error'
  error: subprocess-exited-with-error
  × Building wheel for nat (pyproject.toml) did not run successfully.
      nat.c:1:10: fatal error: nosuch.h: No such file or directory
      compilation terminated.
      error: Command '['gcc', '-c', 'nat.c']' returned non-zero exit status 1.
  note: This error originates from a subprocess, and is likely not a problem with pip.
  ERROR: Failed building wheel for nat
ERROR: Could not build wheels for nat, which is required to install pyproject.toml-based projects
       **ERROR** pip install failed: see above.
`,
    "nat.c:1:10: fatal error: nosuch.h: No such file or directory",
  ],
  [
    "pip, of a package that cannot be prepared",
    `error: subprocess-exited-with-error
× python setup.py egg_info did not run successfully.
    ModuleNotFoundError: No module named 'numpy'
note: This error originates from a subprocess, and is likely not a problem with pip.
error: metadata-generation-failed
hint: See above for details.
`,
    "ModuleNotFoundError: No module named 'numpy'",
  ],
  [
    "webpack",
    "ERROR in ./src/index.js 3:8\nModule not found: Error: Can't resolve './x' in '/tmp/app/src'\n\nwebpack 5.9 compiled with 1 error in 300 ms\n",
    "ERROR in ./src/index.js 3:8 Module not found: Error: Can't resolve './x' in '/tmp/app/src'",
  ],
  [
    "vite",
    'x Build failed in 35ms\nerror during build:\n[vite]: Rollup failed to resolve import "lodsh" from "/tmp/app/src/main.js".\n    at file:///tmp/app/x.js:10\n',
    'error during build: [vite]: Rollup failed to resolve import "lodsh" from "/tmp/app/src/main.js".',
  ],
  [
    "javac below maven",
    "[ERROR] COMPILATION ERROR : \n[ERROR] /tmp/app/src/A.java:[1,19] incompatible types: String cannot be converted to int\n[INFO] 1 error\n[INFO] BUILD FAILURE\n[ERROR] Failed to execute goal compile on project a: Compilation failure\n[ERROR] -> [Help 1]\n[ERROR] For more information about the errors and possible solutions, please read the following articles:\n",
    "/tmp/app/src/A.java:[1,19] incompatible types: String cannot be converted to int",
  ],
  [
    "a compiler that was got over, long before another complaint",
    `probe.c:1:10: fatal error: optional.h: No such file or directory\n${"working\n".repeat(60)}fatal: no space for the index\n`,
    "fatal: no space for the index",
  ],
  [
    "a warning behind the complaint",
    "Error: no such table: users\nnpm warn deprecated: unknown options will be invalid\n",
    "Error: no such table: users",
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
