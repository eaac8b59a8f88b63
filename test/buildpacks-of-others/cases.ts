import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { server, withNode, type Case } from "./case.ts";
import { repackagedCases } from "./repackaged-cases.ts";
import { program, versionOf, type Override, type Toolchain } from "./toolchains.ts";

const nginxVersion = versionOf("/usr/sbin/nginx", ["-v"], /nginx\/([\d.]+)/);
const python = vanillaPython();

function nginx(language: string): Override {
  const version = nginxVersion ?? "";
  return {
    language,
    defaults: { nginx: version },
    toolchains: [
      {
        name: "nginx",
        version,
        files: {
          // Debian's would write its process id to /run, which is root's.
          "sbin/nginx": program("/usr/sbin/nginx", '-g "pid ${TMPDIR:-/tmp}/nginx.pid;"'),
        },
      },
    ],
  };
}

const withoutNginx = nginxVersion === undefined ? "the stack has no nginx" : undefined;

const ofCloudFoundry: readonly Case[] = [
  {
    zip: "binary",
    title: "Cloud Foundry binary",
    setUp: "none but RIVERA_TOOLCHAINS=node, on which the test's app runs",
    env: withNode,
    files: { "server.js": server },
    command: "node server.js",
    path: "/",
    answer: /^served by node$/,
    log: /Binary Buildpack version/,
  },
  {
    zip: "staticfile",
    title: "Cloud Foundry staticfile",
    setUp: "our supply buildpack before it, which offers the stack's nginx in an override.yml",
    override: nginx("staticfile"),
    ...(withoutNginx === undefined ? {} : { skip: withoutNginx }),
    files: {
      Staticfile: "root: public\npushstate: enabled\n",
      "public/index.html": "a single page\n",
      "public/asset.txt": "an asset\n",
    },
    path: "/any/route",
    answer: /^a single page$/,
    log: /Staticfile Buildpack version[^]*Enabling pushstate/,
  },
  {
    zip: "nginx",
    title: "Cloud Foundry nginx",
    setUp:
      "our supply buildpack before it, as for staticfile; the app's buildpack.yml asks for the line of the stack's nginx, for the default is the word `mainline`",
    override: nginx("nginx"),
    ...(withoutNginx === undefined ? {} : { skip: withoutNginx }),
    files: {
      "buildpack.yml": `nginx:\n  version: ${nginxVersion}\n`,
      "nginx.conf": `worker_processes 1;
daemon off;
error_log stderr;
events { worker_connections 64; }
http {
  access_log /dev/stdout;
  server {
    listen {{port}};
    location /greeting { return 200 "hello {{env "WHO"}}"; }
  }
}
`,
    },
    env: { WHO: "templates" },
    path: "/greeting",
    answer: /^hello templates$/,
    log: /Nginx Buildpack version[^]*Requested nginx version/,
  },
  {
    zip: "python",
    title: "Cloud Foundry python",
    setUp:
      "our supply buildpack before it, which offers a CPython of this machine in an override.yml; the app asks for no packages",
    override: {
      language: "python",
      defaults: { python: python?.version ?? "" },
      toolchains: python === undefined ? [] : [python],
    },
    ...(python === undefined ? { skip: "this machine has no CPython but Debian's" } : {}),
    files: {
      "requirements.txt": "",
      Procfile: "web: python server.py\n",
      "server.py": `import http.server, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(("python %d.%d from %s" % (*sys.version_info[:2], sys.prefix)).encode())
http.server.HTTPServer(("", int(os.environ["PORT"])), Handler).serve_forever()
`,
    },
    path: "/",
    answer: /^python 3\.\d+ from \/home\/vcap\/deps\/1\/python$/,
    log: /Python Buildpack version[^]*Installing python/,
  },
  {
    zip: "apt",
    title: "Cloud Foundry apt, then binary",
    setUp:
      "a repository in the app, since the test asks no mirror; the machine's own package sources are asked, too",
    ...(existsSync("/usr/bin/dpkg-deb") ? {} : { skip: "this machine has no dpkg" }),
    followedBy: "binary",
    env: withNode,
    files: {
      "apt.yml": "packages: [theirs]\nrepos: ['deb [trusted=yes] copy:/tmp/app/repository ./']\n",
      "package/DEBIAN/control": `Package: theirs
Version: 1.0
Architecture: all
Maintainer: Somebody <somebody@example.com>
Description: says where it lies
`,
      "package/usr/bin/theirs": "#!/bin/sh\necho a package\n",
      "server.js": server,
    },
    prepare: [
      "/bin/bash",
      "-ec",
      `mkdir repository
dpkg-deb --root-owner-group -b package repository/theirs.deb
cp package/DEBIAN/control repository/Packages
cd repository
echo "Filename: ./theirs.deb" >>Packages
echo "Size: $(stat -c %s theirs.deb)" >>Packages
echo "SHA256: $(sha256sum <theirs.deb | cut -d' ' -f1)" >>Packages`,
    ],
    command: 'WHO="$(theirs)" node server.js',
    path: "/",
    answer: /^served by a package$/,
    log: /Installing apt packages/,
  },
];

const ofHeroku: readonly Case[] = [
  {
    zip: "null-buildpack",
    title: "Heroku null",
    setUp: "none but RIVERA_TOOLCHAINS=node, on which the test's app runs",
    env: withNode,
    files: { Procfile: "web: node server.js\n", "server.js": server },
    path: "/",
    answer: /^served by node$/,
    log: /Exit status 0/,
  },
  {
    zip: "heroku-buildpack-inline",
    title: "Heroku inline",
    setUp: "none but RIVERA_TOOLCHAINS=node; the app brings detect, compile and release",
    env: withNode,
    files: {
      "bin/detect": "#!/bin/sh\necho inline\n",
      "bin/compile": '#!/bin/sh\necho "compiled by the app"\n',
      "bin/release": "#!/bin/sh\necho 'default_process_types: {web: node server.js}'\n",
      "server.js": server,
    },
    path: "/",
    answer: /^served by node$/,
    log: /compiled by the app/,
  },
];

export const cases: readonly Case[] = [...ofCloudFoundry, ...repackagedCases, ...ofHeroku];

// Debian's own installs packages to other places than the buildpack looks at.
function vanillaPython(): Toolchain | undefined {
  try {
    const [prefix = "", version = ""] = execFileSync(
      "python3",
      ["-c", "import sys, platform; print(sys.base_prefix, platform.python_version())"],
      { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] },
    )
      .trim()
      .split(" ");
    if (prefix === "" || prefix === "/usr") return undefined;
    const library = `./lib/python${version.split(".").slice(0, 2).join(".")}`;
    // Of what this machine's owner has installed beside it, pip alone.
    const packages = ["[!p]*", "p[!i]*", "pi[!p]*"].map(
      (name) => `${library}/site-packages/${name}`,
    );
    const unneeded = ["test", "idlelib", "config-*", "tkinter", "lib2to3", "ensurepip"];
    const without = [
      ...packages,
      ...unneeded.map((name) => `${library}/${name}`),
      "__pycache__",
      "./share",
      "*.a",
    ];
    return { name: "python", version, folder: { path: prefix, without } };
  } catch {
    return undefined;
  }
}
