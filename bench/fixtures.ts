import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** A copy of an example that a benchmark may change. */
export function exampleCopy(name: string): string {
  const target = mkdtempSync(path.join(tmpdir(), "rivera-bench-"));
  cpSync(path.resolve(import.meta.dirname, "../examples", name), target, { recursive: true });
  return target;
}

/**
 * A web app that carries 15,000 small files (300 to 8,300 bytes, 64 MB in all), as a vendored node_modules does. The
 * contents differ from file to file and are the same from run to run.
 */
export function manyFilesApp(files = 15_000): string {
  const root = mkdtempSync(path.join(tmpdir(), "rivera-bench-"));
  writeFileSync(path.join(root, "Procfile"), "web: node server.js\n");
  writeFileSync(
    path.join(root, "server.js"),
    'require("node:http").createServer((q, s) => s.end("many")).listen(process.env.PORT);\n',
  );
  for (let i = 0; i < files; i += 1) {
    const directory = path.join(root, "vendor", `package-${Math.floor(i / 30)}`);
    if (i % 30 === 0) mkdirSync(directory, { recursive: true });
    const line = `export const value${i} = "${(i * 2_654_435_761) % 4_294_967_296}";\n`;
    const size = 300 + ((i * 7_919) % 8_000);
    writeFileSync(path.join(directory, `file-${i}.js`), line.repeat(Math.ceil(size / line.length)));
  }
  return root;
}
