import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { createReadStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { connect, type AddressInfo } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import path from "node:path";

/** An address of this machine that its containers can be let through to. */
const address = Object.values(networkInterfaces())
  .flatMap((each) => each ?? [])
  .find(({ family, internal }) => family === "IPv4" && !internal)?.address;

export const withoutAddress: string | false =
  address === undefined ? "this machine has no address but loopback" : false;

/**
 * A network with one way out, as many companies have it: a proxy. Behind it are `http://files.example`, a folder that asks for
 * a user and a password, and `https://tls.example`, whose certificate no store of the world knows. Nothing else.
 */
export interface ClosedNetwork extends AsyncDisposable {
  /** The folder behind `http://files.example`. */
  readonly folder: string;
  readonly proxyUrl: string;
  /** This machine's certificates and that of `tls.example`, in PEM. */
  readonly caBundle: string;
}

export const credentials = { user: "someone", password: "s3cret" };

export const tlsAnswer = "trusted\n";

export async function startClosedNetwork(): Promise<ClosedNetwork> {
  const root = mkdtempSync(path.join(tmpdir(), "rivera-closed-network-"));
  const folder = path.join(root, "files");
  execFileSync("mkdir", [folder]);
  const certificate = selfSigned(root);
  const tls = https.createServer(certificate, (_, response) => response.end(tlsAnswer));
  tls.listen(0, "127.0.0.1");
  await once(tls, "listening");
  const proxy = http.createServer((request, response) => serve(folder, request, response));
  proxy.on("connect", (request, client) => {
    if (request.url !== "tls.example:443") {
      client.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
      return;
    }
    const upstream = connect(portOf(tls), "127.0.0.1", () => {
      client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      upstream.pipe(client);
      client.pipe(upstream);
    });
    // Either end may go first.
    upstream.on("error", () => client.destroy());
    client.on("error", () => upstream.destroy());
  });
  proxy.listen(0, address);
  await once(proxy, "listening");
  const caBundle = path.join(root, "bundle.pem");
  const ofMachine = readFileSync("/etc/ssl/certs/ca-certificates.crt", "utf8");
  writeFileSync(caBundle, `${ofMachine}\n${certificate.cert}`);
  return {
    folder,
    proxyUrl: `http://${address}:${portOf(proxy)}`,
    caBundle,
    async [Symbol.asyncDispose]() {
      for (const server of [proxy, tls]) {
        server.close();
        server.closeAllConnections();
      }
      rmSync(root, { recursive: true });
    },
  };
}

function serve(folder: string, request: http.IncomingMessage, response: http.ServerResponse): void {
  const { host, pathname } = new URL(request.url ?? "", "http://nowhere");
  const { user, password } = credentials;
  const wanted = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  if (host !== "files.example") response.writeHead(502).end();
  else if (request.headers.authorization !== wanted) {
    response.writeHead(401, { "WWW-Authenticate": 'Basic realm="files"' }).end();
  } else {
    createReadStream(path.join(folder, path.posix.normalize(pathname)))
      .on("error", () => response.writeHead(404).end())
      .pipe(response);
  }
}

function selfSigned(folder: string): { readonly key: string; readonly cert: string } {
  const [key, cert] = [path.join(folder, "key.pem"), path.join(folder, "cert.pem")];
  execFileSync(
    "openssl",
    `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=tls.example
      -addext subjectAltName=DNS:tls.example -keyout ${key} -out ${cert}`.split(/\s+/),
    { stdio: "ignore" },
  );
  return { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") };
}

function portOf(server: { address(): AddressInfo | string | null }): number {
  const bound = server.address();
  if (typeof bound !== "object" || bound === null) throw new Error("The server does not listen");
  return bound.port;
}
