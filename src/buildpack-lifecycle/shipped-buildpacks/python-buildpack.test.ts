import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { detectionOrder } from "#cloud-controller/buildpacks/detection-order.ts";
import type { Files, StagingFolder } from "../staging-folder.ts";
import { examplesDir, folderWithShippedBuildpacks, network } from "./shipped-buildpacks.ts";

/** Whatever asks an index fails at once. */
const noNetwork = { PIP_INDEX_URL: "http://127.0.0.1:9/simple", PIP_RETRIES: "0" };

/** Puts a wheel of our own with a program into the app's vendor folder. */
async function vendorWheel(folder: StagingFolder): Promise<void> {
  const script = [
    "import sys, zipfile",
    "with zipfile.ZipFile(sys.argv[1], 'w') as wheel:",
    "    info = 'mural-1.0.dist-info/'",
    "    wheel.writestr('mural.py', 'def main():\\n    print(\"a mural\")\\n')",
    "    wheel.writestr(info + 'METADATA', 'Metadata-Version: 2.1\\nName: mural\\nVersion: 1.0\\n')",
    "    wheel.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')",
    "    wheel.writestr(info + 'entry_points.txt', '[console_scripts]\\nmural = mural:main\\n')",
    "    wheel.writestr(info + 'RECORD', '')",
  ].join("\n");
  await folder.run("mkdir", ["-p", folder.path("app", "vendor")]);
  const wheel = folder.path("app", "vendor", "mural-1.0-py3-none-any.whl");
  const { status, stderr } = await folder.run("/usr/bin/python3", ["-c", script, wheel]);
  assert.equal(status, 0, stderr);
}

test("python-hello is staged with its package and answers", async () => {
  await using folder = await folderWithShippedBuildpacks();
  await folder.appFolder(path.join(examplesDir, "python-hello"));

  const staged = await folder.stage({ order: detectionOrder, env: network });

  assert.deepEqual([staged.status, staged.stderr], [0, ""]);
  assert.match(
    staged.stdout,
    /^-----> Python Buildpack version 0\.1\.0 \(embedded\)\n {7}Using python 3\./,
  );
  await using app = await folder.serve(await folder.unpackDroplet(), "python app.py", {
    CF_INSTANCE_INDEX: "1",
  });
  const response = await fetch(app.url);
  assert.equal(await response.text(), "Hello from Python on Rivera: instance 1\n");
});

test("packages in vendor are installed without network, and their programs run where the droplet is unpacked", async () => {
  await using folder = await folderWithShippedBuildpacks();
  await folder.app({ "requirements.txt": "mural\n", Procfile: "web: mural\n" });
  await vendorWheel(folder);

  const staged = await folder.stage({ order: detectionOrder, env: noNetwork });

  assert.deepEqual([staged.status, staged.stderr], [0, ""]);
  assert.match(staged.stdout, /Using the packages in vendor, without network\n/);
  const home = await folder.unpackDroplet();
  await folder.run("/bin/sh", ["-c", 'rm -rf "$0"/contents*', folder.path("tmp")]);
  const end = await folder.launch(
    home,
    "mural; python -c 'import sys; print(sys.prefix)'; echo \"$PYTHONUNBUFFERED $FORWARDED_ALLOW_IPS\"",
  );
  assert.match(end.stdout, /a mural\n/);
  assert.ok(end.stdout.includes(`${home}/deps/0\n1 *\n`), end.stdout);
});

test("Pipfile.lock is installed with its pinned versions", async () => {
  await using folder = await folderWithShippedBuildpacks();
  await folder.app({
    Pipfile: "[packages]\nmural = '*'\n",
    "Pipfile.lock": JSON.stringify({
      default: { mural: { version: "==1.0", markers: "python_version >= '3'" } },
    }),
  });
  await vendorWheel(folder);

  const staged = await folder.stage({ order: detectionOrder, env: noNetwork });

  assert.equal(staged.status, 0);
  assert.match((await folder.launch(await folder.unpackDroplet(), "mural")).stdout, /a mural\n/);
});

const lockedByPoetry = (ofMural: string): string => `
[[package]]
name = "mural"
version = "1.0"
description = ""
optional = false
python-versions = "*"
${ofMural}
[[package]]
name = "scaffold"
version = "2.0"
description = ""
optional = false
python-versions = "*"
${ofMural.replace("main", "dev")}
[metadata]
lock-version = "2.1"
`;

for (const { name, lock } of [
  { name: "of Poetry 2", lock: lockedByPoetry('groups = ["main"]\nfiles = []\n') },
  { name: "of an older Poetry, which knows no groups", lock: lockedByPoetry("files = []\n") },
]) {
  test(`poetry.lock ${name}: the packages of main are installed, the app runs from its src folder`, async () => {
    await using folder = await folderWithShippedBuildpacks();
    await folder.app({
      "pyproject.toml":
        '[tool.poetry.dependencies]\npython = "^3.9"\nMural = "^1.0"\n[tool.poetry.group.dev.dependencies]\nscaffold = "*"\n',
      "poetry.lock": lock,
      Procfile: "web: python -m wall\n",
      "src/wall/__init__.py": "",
      "src/wall/__main__.py": "import mural\nmural.main()\n",
    });
    await vendorWheel(folder);

    const staged = await folder.stage({ order: detectionOrder, env: noNetwork });

    // scaffold is nowhere to be had.
    assert.deepEqual([staged.status, staged.stderr], [0, ""]);
    assert.match(staged.stdout, /Reading poetry\.lock\n/);
    const end = await folder.launch(await folder.unpackDroplet(), "python -m wall");
    assert.match(end.stdout, /a mural\n/, end.stderr);
  });
}

test("packages of the last staging are used again while the requirements are the same, without an index", async () => {
  await using folder = await folderWithShippedBuildpacks();
  const app = { "requirements.txt": "mural\n", Procfile: "web: mural\n" };
  await folder.app(app);
  await vendorWheel(folder);
  const first = await folder.stage({ order: detectionOrder, env: noNetwork });
  assert.match(first.stdout, /There are no packages of a last staging yet/);

  await folder.carryCacheOver();
  await folder.app(app);
  const second = await folder.stage({ order: detectionOrder, env: noNetwork });

  assert.deepEqual([second.status, second.stderr], [0, ""]);
  assert.match(second.stdout, /Using the packages of the last staging \([\d.]+[KM]\)\n/);
  assert.match((await folder.launch(await folder.unpackDroplet(), "mural")).stdout, /a mural\n/);

  await folder.carryCacheOver();
  await folder.app({ ...app, "requirements.txt": "mural>=1.0\n" });
  const third = await folder.stage({ order: detectionOrder, env: noNetwork });

  assert.match(third.stdout, /Requirements or Python have changed: packages are installed anew/);
  assert.equal(third.status, 223);
});

test("what would keep an app from starting is told while it is staged", async () => {
  const cases: readonly (readonly [Files, RegExp])[] = [
    [{}, /There is no Procfile, and Python apps have no usual start command\./],
    [
      { Procfile: "web: flask run\n" },
      /"flask run" does not name \$PORT, where the app must listen/,
    ],
    [
      { Procfile: "web: uvicorn a:b --host 127.0.0.1 --port $PORT\n" },
      /listens on this address alone; the router reaches the app on 0\.0\.0\.0:\$PORT/,
    ],
  ];
  for (const [files, told] of cases) {
    await using folder = await folderWithShippedBuildpacks();
    await folder.app({ "requirements.txt": "", ...files });

    const { stdout } = await folder.stage({ order: detectionOrder, env: noNetwork });

    assert.match(stdout, told);
  }
});

test("an empty requirements file asks no index", async () => {
  await using folder = await folderWithShippedBuildpacks();
  await folder.app({
    "requirements.txt": "# nothing yet\n\n",
    Procfile: "web: python -c 'print(40+2)'\n",
  });

  const staged = await folder.stage({ order: detectionOrder, env: noNetwork });

  assert.deepEqual([staged.status, staged.stderr], [0, ""]);
  assert.match(
    (await folder.launch(await folder.unpackDroplet(), "python -c 'print(40+2)'")).stdout,
    /42\n/,
  );
});

test("an app without any list of packages has Python alone, where the buildpack is named", async () => {
  await using folder = await folderWithShippedBuildpacks();
  await folder.app({ "app.py": "print(40 + 2)\n", Procfile: "web: python app.py\n" });

  const staged = await folder.stage({
    order: ["python_buildpack"],
    skipDetect: true,
    env: noNetwork,
  });

  assert.deepEqual([staged.status, staged.stderr], [0, ""]);
  assert.match(staged.stdout, /There is no requirements\.txt, .*: no packages are installed\./);
  const end = await folder.launch(await folder.unpackDroplet(), "python app.py");
  assert.match(end.stdout, /42\n/);
});

test("the stack's own line of versions may be asked for; only runtime.txt and Pipfile.lock are binding", async () => {
  await using folder = await folderWithShippedBuildpacks();
  const { stdout } = await folder.run("/usr/bin/python3", [
    "-c",
    "import sys; print('%d.%d' % sys.version_info[:2])",
  ]);
  const line = stdout.trim();
  for (const [file, text, warning] of [
    ["runtime.txt", `python-${line}.x\r\n`, /^(?![^]*WARNING)/],
    [
      "runtime.txt",
      `python-${line}.99\n`,
      /runtime\.txt asks for python .*\.99; the stack's .* is used/,
    ],
    [".python-version", `# pyenv\n${line}\n`, /^(?![^]*WARNING)/],
    [".python-version", "3.2.1\n", /\.python-version asks for python 3\.2\.1, the stack has/],
  ] as const) {
    await folder.app({ "requirements.txt": "", [file]: text, Procfile: "web: x\n" });

    const staged = await folder.stage({ order: detectionOrder, env: noNetwork });

    assert.equal(staged.status, 0);
    assert.match(staged.stdout, warning);
  }
});

const refused: readonly { readonly name: string; readonly files: Files; readonly error: RegExp }[] =
  [
    {
      name: "a python that the stack has not",
      files: { "requirements.txt": "", "runtime.txt": "python-2.7.18\n" },
      error: /\*\*ERROR\*\* runtime\.txt asks for python 2\.7\.18, the stack has 3\./,
    },
    {
      name: "a Pipfile without its lock file",
      files: { Pipfile: "" },
      error: /\*\*ERROR\*\* There is a Pipfile but no Pipfile\.lock/,
    },
    {
      name: "a python that Pipfile.lock requires and the stack has not",
      files: { Pipfile: "", "Pipfile.lock": '{"_meta":{"requires":{"python_version":"3.2"}}}' },
      error: /\*\*ERROR\*\* Pipfile\.lock asks for python 3\.2, the stack has 3\./,
    },
    {
      name: "a poetry.lock that is none",
      files: { "pyproject.toml": "", "poetry.lock": "<<<<<<< HEAD\n" },
      error: /\*\*ERROR\*\* Cannot read poetry\.lock: see above\. poetry lock on your machine/,
    },
    {
      name: "a package that vendor lacks",
      files: { "requirements.txt": "mural\n", "vendor/README": "" },
      error:
        /\*\*ERROR\*\* .* All packages must lie in vendor: pip download -r requirements\.txt -d vendor/,
    },
    {
      name: "a package that cannot be had",
      files: { "requirements.txt": "mural==9\n" },
      error: /\*\*ERROR\*\* (uv )?pip install failed: see above\./,
    },
    {
      name: "a Pipfile.lock that is none",
      files: { Pipfile: "", "Pipfile.lock": "{}" },
      error: /\*\*ERROR\*\* Cannot read Pipfile\.lock/,
    },
  ];

for (const { name, files, error } of refused) {
  test(`python_buildpack refuses ${name} in one line`, async () => {
    await using folder = await folderWithShippedBuildpacks();
    await folder.app(files);

    const staged = await folder.stage({ order: detectionOrder, env: noNetwork });

    assert.equal(staged.status, 223);
    assert.match(staged.stderr, error);
  });
}
