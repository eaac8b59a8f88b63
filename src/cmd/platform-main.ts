import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { systemClock } from "#kernel/clock/system-clock.ts";
import { down, status } from "./platform-commands.ts";
import { readNewPassword } from "./read-password.ts";
import { stackImport } from "./stack-import.ts";
import { toolchainImport } from "./toolchain-import.ts";
import { changePassword, rotateKey, scrapeConfig } from "./uaa-commands.ts";

// `rivera up`, `down`, `status`, `dashboard`, `password`, `rotate-key`, `scrape-config`, `stack import`, `toolchain import`: the commands that run a platform. Those that use one are in cli.ts.
// Only `up` loads the platform: the others are done before that would be.

// Who reads along may go away: the platform goes on, and still stops cleanly.
process.stdout.on("error", () => {});

const io = {
  clock: systemClock,
  print: (line: string) => void process.stdout.write(`${line}\n`),
};

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`rivera: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      data: { type: "string" },
      database: { type: "string" },
      blobstore: { type: "string" },
      config: { type: "string" },
      port: { type: "string" },
      "router-port": { type: "string" },
      cells: { type: "string" },
      "cell-tags": { type: "string" },
      runtime: { type: "string" },
      domain: { type: "string" },
      "staging-timeout": { type: "string" },
      "rate-limit": { type: "string" },
      observe: { type: "string" },
      field: { type: "string" },
      loops: { type: "boolean", default: false },
    },
  });
  const dataDir = path.resolve(
    values.data ?? process.env["RIVERA_DATA"] ?? path.join(os.homedir(), ".rivera/data"),
  );
  const [command = ""] = positionals;
  switch (command) {
    case "up": {
      const { up } = await import("./up.ts");
      // A URL with a password is better not on a command line, which every user of the machine can read.
      const database = values.database ?? process.env["RIVERA_DATABASE"];
      const blobstore = values.blobstore ?? process.env["RIVERA_BLOBSTORE"];
      const flags = { ...values, database, blobstore, data: dataDir };
      return await up({ ...io, env: process.env }, flags);
    }
    case "down":
      return await down(io, dataDir);
    case "status":
      return await status(io, { dataDir, field: values.field, loops: values.loops });
    case "dashboard": {
      const { dashboard } = await import("./dashboard-command.ts");
      return await dashboard(io, dataDir);
    }
    case "password": {
      const streams = { input: process.stdin, out: process.stdout };
      return await changePassword(io, dataDir, await readNewPassword(streams));
    }
    case "rotate-key":
      return await rotateKey(io, dataDir);
    case "scrape-config":
      return await scrapeConfig(io, dataDir);
    case "stack":
      return await stackImport(io, dataDir, positionals.slice(1));
    case "toolchain":
      return await toolchainImport(io, dataDir, positionals.slice(1));
    default:
      throw new Error(
        `Cannot run "${command}": the commands are up, down, status, dashboard, password, rotate-key, scrape-config, stack import and toolchain import`,
      );
  }
}
