import { parentPort } from "node:worker_threads";
import { BlobstoreFull } from "#blobstore/blobstore.ts";
import { asFullWhereFull } from "#blobstore/full-disk.ts";
import {
  assemblePackage,
  cacheableFiles,
  inspectUpload,
  type InspectedUpload,
} from "./assemble-package.ts";
import type { AssemblyCall, AssemblyReply } from "./assembly-worker.ts";
import { CorruptResource, InvalidZip, ZipTooLarge } from "./invalid-zip.ts";
import { fromColumns } from "./matched-columns.ts";

// The thread of one package at a time: hashing and copying thousands of files would hold up every request otherwise.
let upload: InspectedUpload | undefined;

async function answer(call: AssemblyCall): Promise<AssemblyReply> {
  if (call.kind === "assemble") {
    const uploaded = call.isInspected ? upload : undefined;
    upload = undefined;
    const request = { ...call.request, matched: fromColumns(call.matched) };
    return { kind: "assembled", assembled: await assemblePackage(uploaded, request, call.limits) };
  }
  upload = await inspectUpload(call.path, call.limits);
  return { kind: "inspected", cacheable: cacheableFiles(upload, call.limits) };
}

async function reply(call: AssemblyCall): Promise<AssemblyReply> {
  try {
    return await answer(call);
  } catch (error) {
    if (error instanceof ZipTooLarge) return { kind: "too-large", message: error.message };
    if (error instanceof InvalidZip) return { kind: "invalid", message: error.message };
    if (error instanceof CorruptResource) return { kind: "corrupt", message: error.sha256 };
    const thrown = asFullWhereFull(error);
    if (thrown instanceof BlobstoreFull) return { kind: "full", message: thrown.message };
    return { kind: "broken", message: error instanceof Error ? error.message : String(error) };
  }
}

parentPort?.on("message", (call: AssemblyCall) => {
  void reply(call).then((message) => parentPort?.postMessage(message));
});
