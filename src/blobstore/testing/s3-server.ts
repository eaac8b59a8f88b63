import { spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import path from "node:path";
import { systemClock } from "#kernel/clock/system-clock.ts";

/**
 * The server that the store of S3 is tested against: Versity S3 Gateway, a product of its own that keeps objects as files.
 * It checks signatures and their expiry, and knows multipart uploads, as the stand-ins for tests do not. RIVERA_TEST_S3
 * names the program; else it is looked for on the PATH and where `go install` puts it.
 */
const program = process.env["RIVERA_TEST_S3"] ?? installed("versitygw");

/** For a test's `skip`: why there is none, or false. */
export const withoutS3Server =
  program === undefined
    ? "no S3 server: scripts/setup --for-tests installs versitygw where Go is"
    : false;

export const s3Credentials = { accessKeyId: "rivera", secretAccessKey: "rivera-secret" };

export interface S3Server extends AsyncDisposable {
  readonly url: string;
  /** The file of the host in which an object lies. */
  fileOf(bucket: string, object: string): string;
  /** Makes an empty bucket of a name of its own. */
  makeBucket(): Promise<string>;
  /** Ends it by its process id, with no time to end anything itself. */
  kill(): void;
  /** Starts it anew after that, at the same address, on what is on its disk. */
  restart(): Promise<void>;
}

export async function startS3Server(): Promise<S3Server> {
  const directory = await mkdtemp(path.join(tmpdir(), "rivera-s3-"));
  const port = await freePort();
  let server = serve(port, directory);
  await until(() => accepts(port));
  let buckets = 0;
  return {
    url: `http://127.0.0.1:${port}`,
    fileOf: (bucket, object) => path.join(directory, bucket, object),
    async makeBucket() {
      buckets += 1;
      const name = `blobs-${buckets}`;
      await mkdir(path.join(directory, name));
      return name;
    },
    kill: () => {
      server.child.kill("SIGKILL");
    },
    async restart() {
      await server.ended;
      server = serve(port, directory);
      await until(() => accepts(port));
    },
    async [Symbol.asyncDispose]() {
      server.child.kill("SIGKILL");
      await server.ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function serve(port: number, directory: string) {
  const child = spawn(
    program ?? "versitygw",
    ["--quiet", "--port", `127.0.0.1:${port}`, "posix", directory],
    {
      env: {
        PATH: process.env["PATH"],
        ROOT_ACCESS_KEY_ID: s3Credentials.accessKeyId,
        ROOT_SECRET_ACCESS_KEY: s3Credentials.secretAccessKey,
      },
      stdio: "ignore",
    },
  );
  return { child, ended: once(child, "exit") };
}

function installed(name: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(":"), path.join(homedir(), "go/bin")];
  return folders
    .map((folder) => path.join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("No free port");
  return address.port;
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Asks again until the answer is yes, a minute at most. */
export async function until(check: () => Promise<boolean>): Promise<void> {
  for (let round = 0; round < 1_200; round += 1) {
    if (await check()) return;
    await systemClock.sleep(50);
  }
  throw new Error("It did not happen within a minute");
}
