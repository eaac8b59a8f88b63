import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

export interface AppFolder extends Disposable {
  readonly path: string;
  write(name: string, content: string | Buffer, mode?: number): void;
}

/** A folder of source code that lives as long as its test. */
export function appFolder(files: Readonly<Record<string, string | Buffer>>): AppFolder {
  const root = mkdtempSync(path.join(tmpdir(), "rivera-app-"));
  const write = (name: string, content: string | Buffer, mode = 0o644) => {
    const file = path.join(root, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
    chmodSync(file, mode);
  };
  for (const [name, content] of Object.entries(files)) write(name, content);
  return {
    path: root,
    write,
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** A web server in shell's company: node of the stack, one file, a Procfile. */
export function nodeServer(answer: string): Record<string, string> {
  return {
    Procfile: "web: node server.js\n",
    "server.js": `
const http = require("node:http");
console.log("starting ${answer}");
console.error("on stderr");
http.createServer((req, res) => {
  if (req.url === "/crash") process.exit(7);
  if (req.url === "/env") return res.end(JSON.stringify(process.env));
  res.end(${JSON.stringify(answer)} + " " + process.env.CF_INSTANCE_INDEX);
}).listen(process.env.PORT);
`,
  };
}
