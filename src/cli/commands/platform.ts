import { Failure } from "../failure.ts";
import type { Command } from "./command.ts";
import type { Flag } from "./flag.ts";

// The launcher hands these to the platform's own program; here they have their help.

const dataFlag: Flag = {
  long: "data",
  takes: "value",
  description: "Folder that holds the platform's state",
  default: "$RIVERA_DATA, else ~/.rivera/data",
};

export const up: Command = {
  usage: `rivera up [--data DIR] [--database URL] [--blobstore URL] [--port PORT] [--router-port PORT] [--cells N] [--cell-tags N=SEGMENT,...] [--domain DOMAIN] [--runtime RUNTIME] [--staging-timeout SECONDS] [--rate-limit REQUESTS] [--observe on|off] [--config FILE]

Runs until Ctrl-C, which stops it cleanly; started again, it brings back every app. Ports that are taken are replaced by
free ones, which are kept from then on.`,
  arguments: [],
  flags: [
    dataFlag,
    {
      long: "database",
      takes: "value",
      description: "PostgreSQL database for the platform's rows, remembered from then on",
      default: "$RIVERA_DATABASE, else SQLite files in the data folder",
    },
    {
      long: "blobstore",
      takes: "value",
      description:
        "S3 bucket for packages and droplets, as s3://bucket/prefix?endpoint=URL&region=NAME, remembered from then on; credentials as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
      default: "$RIVERA_BLOBSTORE, else the data folder",
    },
    { long: "port", takes: "value", description: "Port of the API" },
    {
      long: "staging-timeout",
      takes: "value",
      description: "Seconds after which a staging has failed (Default: 900)",
    },
    {
      long: "rate-limit",
      takes: "value",
      description: "Requests that a user may make an hour (Default: no limit)",
    },
    {
      long: "observe",
      takes: "value",
      description:
        "Whether stagings are observed: timeline, log and detection of each build, reasons, kept containers (Default: on)",
    },
    {
      long: "config",
      takes: "value",
      description:
        "YAML file of what an operator may set, with the names of cloud_controller.yml; flags win over it",
    },
    { long: "router-port", takes: "value", description: "Port at which apps are reached" },
    { long: "cells", takes: "value", description: "Number of cells", default: "1" },
    {
      long: "cell-tags",
      takes: "value",
      description: "Cells of an isolation segment, as 2=SEGMENT,3=SEGMENT",
    },
    {
      long: "domain",
      takes: "value",
      description: "Domain of the apps' routes",
      default: "apps.localhost",
    },
    {
      long: "runtime",
      takes: "value",
      description:
        "How containers run: crun, runc, or process, which isolates nothing and is never chosen by itself",
      default: "auto",
    },
  ],
  seeAlso: ["down", "login", "status"],
  run: runByLauncher,
};

export const down: Command = {
  usage: "rivera down [--data DIR]",
  arguments: [],
  flags: [dataFlag],
  seeAlso: ["up", "status"],
  run: runByLauncher,
};

export const status: Command = {
  usage: "rivera status [--data DIR] [--field FIELD | --loops]",
  arguments: [],
  flags: [
    dataFlag,
    {
      long: "field",
      takes: "value",
      description: "One value alone, for scripts: api, uaa, log-cache, router or cf-login",
    },
    {
      long: "loops",
      description: "What the loops and the daily clean-ups last did, and when they run next",
    },
  ],
  seeAlso: ["up", "down"],
  run: runByLauncher,
};

export const dashboard: Command = {
  usage: `rivera dashboard [--data DIR]

Prints an address of the platform on this machine for a browser on it. It signs the administrator in once, within five
minutes; treat it as a password until then.`,
  arguments: [],
  flags: [dataFlag],
  seeAlso: ["up", "status"],
  run: runByLauncher,
};

export const password: Command = {
  usage: `rivera password [--data DIR]

Asks for the administrator's new password twice, without showing it; where the input is no terminal, its first line is
the password. All earlier logins of the administrator end.`,
  arguments: [],
  flags: [dataFlag],
  seeAlso: ["login", "status", "up"],
  run: runByLauncher,
};

export const rotateKey: Command = {
  usage: `rivera rotate-key [--data DIR]

Logins stay: tokens that the old key has signed are good until they expire.`,
  arguments: [],
  flags: [dataFlag],
  seeAlso: ["password", "up"],
  run: runByLauncher,
};

export const scrapeConfig: Command = {
  usage: `rivera scrape-config [--data DIR]

Prints a scrape configuration for Prometheus, with a client of UAA that may read what a global auditor may. Each run gives
that client another secret.`,
  arguments: [],
  flags: [dataFlag],
  seeAlso: ["status", "up"],
  run: runByLauncher,
};

export const stack: Command = {
  usage: "rivera stack import NAME FILE [--data DIR]",
  arguments: [{ name: "import" }, { name: "NAME" }, { name: "FILE" }],
  flags: [dataFlag],
  seeAlso: ["toolchain", "up"],
  run: runByLauncher,
};

export const toolchain: Command = {
  usage: `rivera toolchain import NAME FILE [--data DIR]

The archive (tgz, tar or zip) holds a folder bin, at its root or below one folder. From the next start on it is mounted at
/opt/NAME for apps whose buildpacks ask for NAME: in their manifest.yml, "rivera: { toolchains: [NAME] }", or by the
variable RIVERA_TOOLCHAINS of an app or of the staging environment variable group. NAME-VERSION comes with NAME.`,
  arguments: [{ name: "import" }, { name: "NAME" }, { name: "FILE" }],
  flags: [dataFlag],
  seeAlso: ["stack", "up"],
  run: runByLauncher,
};

export async function runByLauncher(): Promise<void> {
  throw new Failure("The launcher bin/rivera runs this command: call it through that");
}
