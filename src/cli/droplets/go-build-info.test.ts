import assert from "node:assert/strict";
import { test } from "node:test";
import { goBinary } from "../testing/droplet-archive.ts";
import { GoBuildInfoScan } from "./go-build-info.ts";
import { modulesOfBinary } from "./go-packages.ts";

const lines = [
  "path\texample.com/app",
  "mod\texample.com/app\t(devel)\t",
  "dep\tgolang.org/x/net\tv0.20.0\th1:aa=",
  "dep\tgithub.com/old/router\tv1.0.0",
  "=>\tgithub.com/new/router\tv1.0.1\th1:bb=",
];

function scan(binary: Buffer, pieceBytes: number) {
  const scanner = new GoBuildInfoScan();
  for (let at = 0; at < binary.length; at += pieceBytes) {
    scanner.push(binary.subarray(at, at + pieceBytes));
  }
  return scanner.result();
}

test("the modules of a Go binary are found however it is cut into pieces", () => {
  const binary = goBinary(lines);
  for (const pieceBytes of [1, 3, 17, 31, 4_096, binary.length]) {
    const info = scan(binary, pieceBytes);
    assert.equal(info?.goVersion, "go1.24.1", `${pieceBytes} bytes at a time`);
    assert.deepEqual(
      modulesOfBinary(info.goVersion, info.modules).map(({ namespace, name, version }) => [
        namespace,
        name,
        version,
      ]),
      [
        [undefined, "stdlib", "1.24.1"],
        ["golang.org/x", "net", "v0.20.0"],
        ["github.com/new", "router", "v1.0.1"],
      ],
    );
  }
});

test("a program that only names the mark of build information has none before the real one", () => {
  const binary = goBinary(lines);
  const decoy = Buffer.from(
    "\u00ff Go buildinf:\u0000 and more of its own text here....",
    "latin1",
  );
  const both = Buffer.concat([binary.subarray(0, 4), decoy, binary.subarray(4)]);

  assert.equal(scan(both, 50)?.goVersion, "go1.24.1");
  assert.equal(scan(Buffer.concat([binary.subarray(0, 4), decoy]), 50), undefined);
});

test("what is cut off within the information, is no ELF file, or lies about lengths yields nothing", () => {
  const binary = goBinary(lines);
  const start = binary.indexOf(" Go buildinf:") - 1;
  const lying = Buffer.from(binary);
  lying.fill(0xff, start + 32, start + 40);

  assert.equal(scan(binary.subarray(0, start + 50), 64), undefined);
  assert.equal(scan(binary.subarray(1), 64), undefined);
  assert.equal(scan(lying, 64), undefined);
});
