import type { Command } from "./command.ts";
import type { Flag } from "./flag.ts";
import { runByLauncher } from "./platform.ts";

// The launcher hands these to a program that runs containers itself; here they have their help and their flags.

const workbenchFlags: readonly Flag[] = [
  {
    long: "env",
    short: "e",
    takes: "values",
    description: "Environment variable, as NAME=VALUE (may be given several times)",
  },
  { long: "memory", short: "m", takes: "value", description: "Memory of the container, as 1G" },
  { long: "disk", short: "k", takes: "value", description: "Disk of the container, as 4G" },
  {
    long: "stack",
    short: "s",
    takes: "value",
    description: "Root file system",
    default: "cflinuxfs4",
  },
  {
    long: "data",
    takes: "value",
    description:
      "Folder whose stacks and caches are used, and in which the workbench keeps its own",
    default: "$RIVERA_DATA, else ~/.rivera/data",
  },
  {
    long: "runtime",
    takes: "value",
    description: "How containers run: crun, runc, or process, which isolates nothing",
    default: "auto",
  },
];

export const stage: Command = {
  usage: `rivera stage DIR [-b BUILDPACK]... [--detect] [-o DROPLET] [-e NAME=VALUE]... [--timeline] [--no-cache] [--watch]
   rivera stage --fixtures DIR [-b BUILDPACK]... [--detect]

Stages a folder, or a zip, as a push would, with no platform and no app: for those who write buildpacks. It takes no login.
BUILDPACK is a folder, a zip, a URL, or the name of a buildpack that comes with Rivera; without any, all that come with Rivera
are asked, in their order.`,
  examples: `rivera stage ./my-app -b ./my-buildpack --watch
rivera stage ./my-app -o droplet.tgz
rivera stage --fixtures ./fixtures -b ./my-buildpack --detect`,
  arguments: [{ name: "DIR", isOptional: true }],
  flags: [
    {
      long: "buildpack",
      short: "b",
      takes: "values",
      description:
        "Buildpack to stage with; several run in that order, the last one decides how the app starts",
    },
    {
      long: "detect",
      description:
        "Ask the buildpacks of -b which of them takes the app, as an operator's list is asked",
    },
    {
      long: "output",
      short: "o",
      takes: "value",
      description: "File that the droplet is written to",
    },
    {
      long: "fixtures",
      takes: "value",
      description: "Stage each folder in there, and show a table; exit status 1 where one failed",
    },
    { long: "watch", description: "Stage again whenever the app or a buildpack's folder changes" },
    { long: "timeline", description: "Show where the time went" },
    {
      long: "no-cache",
      description: "Begin without what the last staging left, and leave nothing",
    },
    {
      long: "timeout",
      takes: "value",
      description: "Seconds after which the staging has failed",
      default: "900",
    },
    ...workbenchFlags,
  ],
  seeAlso: ["push", "run", "stack", "timeline"],
  run: runByLauncher,
};

export const run: Command = {
  usage: `rivera run DROPLET [--port PORT] [--process TYPE] [-c COMMAND] [-e NAME=VALUE]...

Runs one instance of a droplet (of 'rivera stage -o', of 'cf download-droplet') in a container of this machine until Ctrl-C, with
no platform and no app. It takes no login.`,
  examples: `rivera stage ./my-app -o droplet.tgz && rivera run droplet.tgz --port 8000
rivera run droplet.tgz -c 'ls -lR' --process task`,
  arguments: [{ name: "DROPLET" }],
  flags: [
    {
      long: "port",
      takes: "value",
      description: "Port of this machine at which a web process is reached (Default: a free one)",
    },
    { long: "process", takes: "value", description: "Type of the process", default: "web" },
    {
      long: "command",
      short: "c",
      takes: "value",
      description: "Start command (Default: the droplet's own for the process type)",
    },
    ...workbenchFlags,
  ],
  seeAlso: ["push", "stage"],
  run: runByLauncher,
};
