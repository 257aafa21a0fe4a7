// Reads and writes messages from the text of schemas/README.md alone, with Node's WebCrypto and an HPKE package:
// nothing here is shared with the bus. One JSON request a line on standard input, one JSON answer a line.

import { createInterface } from "node:readline";
import { Aes256Gcm, CipherSuite, HkdfSha256 } from "@hpke/core";
import { XWing } from "@hpke/hybridkem-x-wing";

const { subtle } = globalThis.crypto;
const magic = (version) => Buffer.from([0x4c, 0x54, version, 0x0a]); // §2.3, §2.4
const suite = new CipherSuite({ kem: new XWing(), kdf: new HkdfSha256(), aead: new Aes256Gcm() }); // §4.7
// The HPKE package takes ArrayBuffers whole; Node's Buffers are windows into larger ones.
const whole = (bytes) => Uint8Array.from(bytes).buffer;
const label = (text) => Buffer.from(text, "latin1");
const sha256 = async (...parts) => Buffer.from(await subtle.digest("SHA-256", Buffer.concat(parts)));
const P256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const ED25519 = { name: "Ed25519" };

class Refused extends Error {}

function unframe(bytes) {
  const parts = [];
  let at = 0;
  while (at < bytes.length) {
    if (at + 4 > bytes.length) throw new Refused("bad-message");
    const size = bytes.readUInt32BE(at); // §2.1
    if (at + 4 + size > bytes.length) throw new Refused("bad-message"); // §8.4
    parts.push(bytes.subarray(at + 4, at + 4 + size));
    at += 4 + size;
  }
  return parts;
}

function frame(parts) {
  return Buffer.concat(
    parts.flatMap((part) => {
      const size = Buffer.alloc(4);
      size.writeUInt32BE(part.length);
      return [size, part];
    }),
  );
}

function namesOnce(text) { // §3.1; JSON.parse has found the text to be JSON, and takes the last of two
  const within = [];
  for (const [token, name] of text.matchAll(/("(?:[^"\\]|\\.)*")\s*:|"(?:[^"\\]|\\.)*"|[{}[\]]/g)) {
    if (token === "{" || token === "[") within.push(new Set());
    else if (token === "}" || token === "]") within.pop();
    else if (name !== undefined) {
      const names = within.at(-1);
      if (names.has(JSON.parse(name))) throw new Refused("bad-message");
      names.add(JSON.parse(name));
    }
  }
}

function parsedDocket(text) {
  const docket = JSON.parse(text);
  namesOnce(text);
  return docket;
}

function takeApart(body) {
  const version = [1, 2].find((each) => body.subarray(0, 4).equals(magic(each)));
  if (version === undefined) throw new Refused("bad-message");
  const parts = unframe(body.subarray(4));
  if (parts.length !== 4) throw new Refused("bad-message");
  const [docketBytes, signatureBlock, wrapBlock, sealed] = parts;
  const signature = unframe(signatureBlock);
  const wraps = unframe(wrapBlock);
  if (signature.length !== 3 || signature[2].length !== 64 || wraps.length % 3) throw new Refused("bad-message");
  const docket = parsedDocket(docketBytes.toString("utf8"));
  if (docket.version !== version) throw new Refused("bad-message"); // §2.4
  return { docketBytes, docket, signature, wraps, sealed };
}

async function verify({ docketBytes, docket, signature, sealed }, keys) {
  const [algorithm, keyId, value] = signature;
  const ways = { p256: P256, ed25519: ED25519 };
  for (const spki of keys) {
    const id = (await sha256(spki)).subarray(0, 16).toString("hex"); // §4.1
    const way = ways[algorithm.toString("ascii")];
    if (id !== keyId.toString("ascii") || way === undefined) continue;
    const key = await subtle.importKey("spki", spki, way, false, ["verify"]).catch(() => null);
    const signed = Buffer.concat([label("lienthong/1 docket\n"), docketBytes]); // §4.3
    if (key === null || !(await subtle.verify(way, key, value, signed))) throw new Refused("bad-signature");
    const content = docket.content;
    const fits = content
      ? sealed.length === content.size && (await sha256(sealed)).toString("hex") === content.sha256
      : sealed.length === 0;
    if (!fits) throw new Refused("bad-signature"); // §4.5
    return;
  }
  throw new Refused("bad-signature");
}

async function open({ docketBytes, wraps, sealed }, mailbox, seeds) {
  const info = Buffer.concat([label("lienthong/1 wrap\n"), await sha256(docketBytes), label(mailbox)]); // §4.7
  for (let at = 0; at < wraps.length; at += 3) {
    if (wraps[at].toString("ascii") !== mailbox) continue;
    const wrapped = wraps[at + 2];
    for (const seed of seeds) {
      try {
        const recipientKey = await suite.kem.importKey("raw", whole(seed), false);
        const opened = await suite.open(
          { recipientKey, enc: whole(wrapped.subarray(0, 1120)), info: whole(info) },
          whole(wrapped.subarray(1120)),
        );
        const key = Buffer.from(opened);
        const commitment = await sha256(label("lienthong/1 commit\n"), key);
        if (!commitment.equals(sealed.subarray(0, 32))) continue; // §4.6
        const aes = await subtle.importKey("raw", key, "AES-GCM", false, ["decrypt"]);
        const how = { name: "AES-GCM", iv: Buffer.alloc(12), tagLength: 128 };
        return Buffer.from(await subtle.decrypt(how, aes, sealed.subarray(32)));
      } catch {
        continue;
      }
    }
  }
  throw new Refused("cannot-open");
}

// §10: the plain files of some attachments, by their sealed segments.
async function filesApart(docket, content, segments) {
  const parts = unframe(content);
  const files = {};
  for (const blob of docket.blobs ?? []) {
    const sealed = segments[blob.attachment];
    if (sealed === undefined) continue;
    const manifest = parts[blob.attachment]; // §10.3: part 1 is the JSON
    const digests = manifest.subarray(32);
    const fits = digests.length === 32 * blob.segments && (await sha256(digests)).toString("hex") === blob.sha256;
    if (!fits || sealed.length !== blob.segments) throw new Refused("bad-blob");
    const aes = await subtle.importKey("raw", manifest.subarray(0, 32), "AES-GCM", false, ["decrypt"]);
    const plain = [];
    for (const [index, hex] of sealed.entries()) {
      const bytes = Buffer.from(hex, "hex");
      const digest = await sha256(bytes);
      if (!digest.equals(digests.subarray(32 * index, 32 * index + 32))) throw new Refused("bad-blob");
      const iv = Buffer.alloc(12); // §10.2
      iv.writeUInt32BE(index + 1, 7);
      iv[11] = index + 1 === blob.segments ? 1 : 0;
      plain.push(Buffer.from(await subtle.decrypt({ name: "AES-GCM", iv, tagLength: 128 }, aes, bytes)));
    }
    files[blob.attachment] = (await sha256(...plain)).toString("hex");
  }
  return files;
}

async function read({ body, keys, mailbox, seeds, segments }) {
  const message = takeApart(Buffer.from(body, "hex"));
  await verify(message, keys.map((key) => Buffer.from(key, "hex")));
  if (seeds.length === 0) return { docket: message.docket };
  const content = await open(message, mailbox, seeds.map((seed) => Buffer.from(seed, "hex")));
  const files = segments ? { files: await filesApart(message.docket, content, segments) } : {};
  return { docket: message.docket, content: content.toString("hex"), ...files };
}

async function write({ docket, content, signer, recipients }) {
  const key = Buffer.from(globalThis.crypto.getRandomValues(new Uint8Array(32)));
  const aes = await subtle.importKey("raw", key, "AES-GCM", false, ["encrypt"]);
  const how = { name: "AES-GCM", iv: Buffer.alloc(12), tagLength: 128 };
  const encrypted = Buffer.from(await subtle.encrypt(how, aes, Buffer.from(content, "hex")));
  const sealed = Buffer.concat([await sha256(label("lienthong/1 commit\n"), key), encrypted]);
  docket.content = { size: sealed.length, sha256: (await sha256(sealed)).toString("hex") };
  const docketBytes = Buffer.from(JSON.stringify(docket), "utf8");
  const digest = await sha256(docketBytes);
  const wraps = [];
  for (const [mailbox, encoded] of Object.entries(recipients)) {
    const publicBytes = Buffer.from(encoded, "hex");
    const recipientPublicKey = await suite.kem.importKey("raw", whole(publicBytes), true);
    const info = Buffer.concat([label("lienthong/1 wrap\n"), digest, label(mailbox)]);
    const { enc, ct } = await suite.seal({ recipientPublicKey, info: whole(info) }, whole(key));
    const id = (await sha256(publicBytes)).subarray(0, 16).toString("hex");
    wraps.push(label(mailbox), label(id), Buffer.concat([Buffer.from(enc), Buffer.from(ct)]));
  }
  const way = signer.algorithm === "ed25519" ? ED25519 : P256;
  const signing = await subtle.importKey("pkcs8", Buffer.from(signer.pkcs8, "hex"), way, false, ["sign"]);
  const signed = Buffer.concat([label("lienthong/1 docket\n"), docketBytes]);
  const value = Buffer.from(await subtle.sign(way, signing, signed));
  const signature = frame([label(signer.algorithm), label(signer.id), value]);
  const body = frame([docketBytes, signature, frame(wraps), sealed]);
  return { body: Buffer.concat([magic(docket.version), body]).toString("hex") };
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  try {
    console.log(JSON.stringify(await (request.read ? read(request.read) : write(request.write))));
  } catch (error) {
    console.log(JSON.stringify({ refused: error instanceof Refused ? error.message : `bad-message: ${error.message}` }));
  }
}
