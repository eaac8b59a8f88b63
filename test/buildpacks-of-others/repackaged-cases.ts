import { globSync } from "node:fs";
import { server, type Case } from "./case.ts";
import { program, versionOf } from "./toolchains.ts";

// Buildpacks that take local files by their manifest alone.

const nginxVersion = versionOf("/usr/sbin/nginx", ["-v"], /nginx\/([\d.]+)/);
const goVersion = versionOf("/usr/local/go/bin/go", ["version"], /go([\d.]+)/);
const javaVersion = versionOf("/usr/bin/java", ["-version"], /version "([\d.]+)/);
const phpVersion = versionOf("/usr/bin/php", ["-v"], /PHP ([\d.]+)/);
const [phpFpm] = globSync("/usr/sbin/php-fpm*");
const rubyVersion = versionOf("/usr/bin/ruby", ["--version"], /ruby ([\d.]+)/);
const bundlerVersion = versionOf("/usr/bin/bundle", ["--version"], /version ([\d.]+)/);
const nodeVersion = process.versions.node;

export const repackagedCases: readonly Case[] = [
  {
    zip: "nodejs",
    title: "Cloud Foundry nodejs",
    setUp:
      "its code, with a manifest that asks for the platform's Node and lists programs that lead to it, to its yarn and to the stack's Python as local files (an override cannot replace yarn); its npm drops `--unsafe-perm`, which npm 12 refuses",
    manifest: {
      language: "nodejs",
      defaults: { node: nodeVersion, python: "3.11.2" },
      stackToolchains: ["node"],
      toolchains: [
        {
          name: "node",
          version: nodeVersion,
          files: {
            "bin/node": program("/opt/node/bin/node"),
            "bin/npx": program("/opt/node/bin/npx"),
            // An option of old, which the npm of the stack no longer takes.
            "bin/npm": `#!/bin/bash
arguments=()
for argument in "$@"; do
  [ "$argument" = --unsafe-perm ] || arguments+=("$argument")
done
exec /opt/node/bin/npm "\${arguments[@]}"
`,
          },
        },
        { name: "yarn", version: "1.22.22", files: { "bin/yarn": program("/opt/node/bin/yarn") } },
        {
          name: "python",
          version: "3.11.2",
          files: { "bin/python3": program("/usr/bin/python3") },
        },
      ],
    },
    files: {
      "package.json": JSON.stringify({
        name: "theirs",
        version: "1.0.0",
        scripts: { start: "node server.js" },
        dependencies: { local: "file:./local.tgz" },
      }),
      "package/package.json": JSON.stringify({ name: "local", version: "1.0.0" }),
      "package/index.js": 'module.exports = "an installed package";\n',
      "server.js": `process.env.WHO = require("local");\n${server}`,
    },
    prepare: ["tar", "-czf", "local.tgz", "package"],
    path: "/",
    answer: /^served by an installed package$/,
    log: /Nodejs Buildpack version[^]*Installing node/,
  },
  {
    zip: "go",
    title: "Cloud Foundry go",
    setUp:
      "its code, with a manifest that lists the stack's Go as a local file, and empty programs for godep, glide and dep, which it always installs",
    manifest: {
      language: "go",
      defaults: { go: goVersion ?? "" },
      toolchains: [
        {
          name: "go",
          version: goVersion ?? "",
          files: {
            "bin/go": program("env GOROOT=/usr/local/go GOTOOLCHAIN=local /usr/local/go/bin/go"),
          },
        },
        ...["godep", "glide", "dep"].map((name) => ({
          name,
          version: "1.0.0",
          files: { [`bin/${name}`]: "#!/bin/sh\nexit 1\n" },
        })),
      ],
    },
    ...(goVersion === undefined ? { skip: "the stack has no Go" } : {}),
    files: {
      "go.mod": "module example.com/theirs\n\ngo 1.21\n",
      "main.go": `package main

import (
	"fmt"
	"net"
	"os"
)

func main() {
	listener, _ := net.Listen("tcp", ":"+os.Getenv("PORT"))
	for {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		buffer := make([]byte, 4096)
		_, _ = connection.Read(buffer)
		fmt.Fprintf(connection, "HTTP/1.1 200 OK\\r\\nContent-Length: 9\\r\\nConnection: close\\r\\n\\r\\nfrom a Go")
		_ = connection.Close()
	}
}
`,
    },
    memory: "512M",
    path: "/",
    answer: /^from a Go$/,
    log: /Go Buildpack version[^]*Running: go install/,
  },
  {
    zip: "java",
    title: "Cloud Foundry java (the one in Go)",
    setUp:
      "its code, with a manifest that lists the stack's JRE as a local file and an empty container-security-provider; the client-certificate-mapper is switched off",
    manifest: {
      language: "java",
      defaults: { openjdk: javaVersion ?? "", "container-security-provider": "1.0.0" },
      toolchains: [
        {
          name: "openjdk",
          version: javaVersion ?? "",
          files: { "bin/java": program("/usr/bin/java"), release: "" },
        },
        { name: "container-security-provider", version: "1.0.0", files: { "empty.jar": "" } },
      ],
    },
    env: {
      JBP_CONFIG_CLIENT_CERTIFICATE_MAPPER: "{enabled: false}",
      JBP_CONFIG_OPEN_JDK_JRE: `{jre: {version: ${javaVersion}}}`,
    },
    ...(javaVersion === undefined ? { skip: "the stack has no Java" } : {}),
    files: {
      "Main.java": `import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;

public class Main {
  public static void main(String[] args) throws Exception {
    var server = HttpServer.create(new InetSocketAddress(Integer.parseInt(System.getenv("PORT"))), 0);
    server.createContext("/", exchange -> {
      byte[] answer = "from a jar".getBytes();
      exchange.sendResponseHeaders(200, answer.length);
      exchange.getResponseBody().write(answer);
      exchange.close();
    });
    server.start();
  }
}
`,
      "META-INF/MANIFEST.MF": "Manifest-Version: 1.0\nMain-Class: Main\n",
    },
    prepare: ["javac", "--release", "17", "Main.java"],
    memory: "512M",
    path: "/",
    answer: /^from a jar$/,
    log: /Java Buildpack/,
  },
  {
    zip: "php",
    title: "Cloud Foundry php (the one in Go)",
    setUp:
      "its code, with a manifest that lists the stack's PHP and nginx as local files; the app's options.json asks for nginx, for the stack has no httpd",
    manifest: {
      language: "php",
      defaults: {
        php: phpVersion ?? "",
        nginx: nginxVersion ?? "",
        httpd: "2.4.0",
        composer: "2.0.0",
      },
      toolchains: [
        {
          name: "php",
          version: phpVersion ?? "",
          files: {
            "bin/php": program("/usr/bin/php"),
            "sbin/php-fpm": program(phpFpm ?? "php-fpm"),
            "lib/empty": "",
          },
        },
        // It names a file for the process id itself.
        {
          name: "nginx",
          version: nginxVersion ?? "",
          files: { "sbin/nginx": program("/usr/sbin/nginx") },
        },
        { name: "httpd", version: "2.4.0", files: { "bin/httpd": "#!/bin/sh\nexit 1\n" } },
        { name: "composer", version: "2.0.0", files: { composer: "#!/bin/sh\nexit 1\n" } },
      ],
    },
    ...(phpVersion === undefined || phpFpm === undefined || nginxVersion === undefined
      ? { skip: "the stack has no PHP with php-fpm, or no nginx" }
      : {}),
    files: {
      ".bp-config/options.json": JSON.stringify({ WEB_SERVER: "nginx", PHP_EXTENSIONS: [] }),
      "htdocs/index.php": '<?php echo "php ", $_GET["name"], " by ", php_sapi_name();\n',
    },
    memory: "256M",
    path: "/index.php?name=page",
    answer: /^php page by fpm-fcgi$/,
    log: /Php Buildpack version[^]*Installing nginx/i,
  },
  {
    zip: "ruby",
    title: "Cloud Foundry ruby",
    setUp:
      "its code, with a manifest that lists the stack's Ruby and bundler as local files; the app's gem lies in it",
    manifest: {
      language: "ruby",
      defaults: { ruby: rubyVersion ?? "" },
      toolchains: [
        {
          name: "ruby",
          version: rubyVersion ?? "",
          files: {
            "bin/ruby": program("/usr/bin/ruby"),
            "bin/gem": program("/usr/bin/gem"),
            "lib/empty": "",
          },
        },
        {
          name: "bundler",
          version: bundlerVersion ?? "",
          files: { "bin/bundle": program("/usr/bin/bundle") },
        },
        // Older than the stack's: nothing is updated.
        { name: "rubygems", version: "3.0.0", files: { "setup.rb": "exit 1\n" } },
      ],
    },
    ...(rubyVersion === undefined || bundlerVersion === undefined
      ? { skip: "the stack has no Ruby with bundler" }
      : {}),
    files: {
      Gemfile: 'source "https://rubygems.org"\ngem "word", path: "word"\n',
      "Gemfile.lock": `PATH
  remote: word
  specs:
    word (1.0.0)

GEM
  remote: https://rubygems.org/
  specs:

PLATFORMS
  ruby

DEPENDENCIES
  word!

BUNDLED WITH
   ${bundlerVersion}
`,
      "word/word.gemspec":
        'Gem::Specification.new { |s| s.name = "word"; s.version = "1.0.0"; s.summary = "x"; s.authors = ["x"]; s.files = ["lib/word.rb"] }\n',
      "word/lib/word.rb": 'WORD = "a gem of the app"\n',
      Procfile: "web: bundle exec ruby server.rb\n",
      "server.rb": `require "socket"
require "word"
server = TCPServer.new("0.0.0.0", ENV.fetch("PORT"))
loop do
  client = server.accept
  client.readpartial(4096)
  body = "ruby with #{WORD}"
  client.write "HTTP/1.1 200 OK\\r\\nContent-Length: #{body.bytesize}\\r\\nConnection: close\\r\\n\\r\\n#{body}"
  client.close
rescue EOFError
  client&.close
end
`,
    },
    memory: "256M",
    path: "/",
    answer: /^ruby with a gem of the app$/,
    log: /Ruby Buildpack version[^]*Installing ruby/i,
  },
];
