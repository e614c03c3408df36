// A driver for PKI.js: one request a line, words separated by tabs, one answer a line: "ok" or "error <why>".
"use strict";

const fs = require("node:fs");
const readline = require("node:readline");
const asn1js = require("asn1js");
const pkijs = require("pkijs");

pkijs.setEngine("node", new pkijs.CryptoEngine({ name: "node", crypto: globalThis.crypto }));

const buffer = (data) => data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength);
const der = (file) =>
  buffer(Buffer.from(fs.readFileSync(file, "utf8").replace(/-----[^-]+-----/g, "").replace(/\s/g, ""), "base64"));
const certificate = (file) => pkijs.Certificate.fromBER(der(file));
const read = (file) => buffer(fs.readFileSync(file));

const SIGNATURES = {
  rsa: (digest) => ({ name: "RSASSA-PKCS1-v1_5", hash: digest }),
  "rsa-pss": (digest) => ({ name: "RSA-PSS", hash: digest }),
  p256: (digest) => ({ name: "ECDSA", namedCurve: "P-256", hash: digest }),
  p384: (digest) => ({ name: "ECDSA", namedCurve: "P-384", hash: digest }),
  p521: (digest) => ({ name: "ECDSA", namedCurve: "P-521", hash: digest }),
};

// sign <kind> <digest> <content> <out> <detached> <certificate> <key> <intermediate>
async function sign([kind, digest, contentFile, out, detached, certificateFile, keyFile, intermediate]) {
  if (!(kind in SIGNATURES)) throw new Error(`no signatures by keys of kind ${kind}`);
  const content = read(contentFile);
  const signer = certificate(certificateFile);
  const key = await crypto.subtle.importKey("pkcs8", der(keyFile), SIGNATURES[kind](digest), false, ["sign"]);
  const signed = new pkijs.SignedData({
    version: 1,
    encapContentInfo: new pkijs.EncapsulatedContentInfo({ eContentType: pkijs.ContentInfo.DATA }),
    signerInfos: [
      new pkijs.SignerInfo({
        version: 1,
        sid: new pkijs.IssuerAndSerialNumber({ issuer: signer.issuer, serialNumber: signer.serialNumber }),
      }),
    ],
    certificates: [signer, certificate(intermediate)],
  });
  const hash = await crypto.subtle.digest(digest, content);
  signed.signerInfos[0].signedAttrs = new pkijs.SignedAndUnsignedAttributes({
    type: 0,
    attributes: [
      new pkijs.Attribute({
        type: "1.2.840.113549.1.9.3",
        values: [new asn1js.ObjectIdentifier({ value: pkijs.ContentInfo.DATA })],
      }),
      new pkijs.Attribute({ type: "1.2.840.113549.1.9.5", values: [new asn1js.UTCTime({ valueDate: new Date() })] }),
      new pkijs.Attribute({ type: "1.2.840.113549.1.9.4", values: [new asn1js.OctetString({ valueHex: hash })] }),
    ],
  });
  if (detached === "no") {
    signed.encapContentInfo.eContent = new asn1js.OctetString({ valueHex: content });
  }
  await signed.sign(key, 0, digest, content);
  write(out, pkijs.ContentInfo.SIGNED_DATA, signed.toSchema(true));
}

function write(out, contentType, schema) {
  const info = new pkijs.ContentInfo({ contentType, content: schema });
  fs.writeFileSync(out, Buffer.from(info.toSchema().toBER(false)));
}

// verify <message> <content or -> <out> <root>
async function verify([messageFile, contentFile, out, root]) {
  const info = pkijs.ContentInfo.fromBER(read(messageFile));
  const signed = new pkijs.SignedData({ schema: info.content });
  const detached = contentFile !== "-";
  const options = { signer: 0, checkChain: true, trustedCerts: [certificate(root)], extendedMode: true };
  if (detached) options.data = read(contentFile);
  const result = await signed.verify(options);
  if (!result.signatureVerified || !result.signerCertificateVerified) throw new Error(`not verified: ${result.message}`);
  fs.writeFileSync(out, Buffer.from(detached ? options.data : signed.encapContentInfo.eContent.getValue()));
}

const CIPHERS = {
  "aes-128-cbc": { name: "AES-CBC", length: 128 },
  "aes-192-cbc": { name: "AES-CBC", length: 192 },
  "aes-256-cbc": { name: "AES-CBC", length: 256 },
  "aes-128-gcm": { name: "AES-GCM", length: 128 },
  "aes-256-gcm": { name: "AES-GCM", length: 256 },
};

// encrypt <cipher> <how> <content> <out> <certificate>
async function encrypt([cipher, how, contentFile, out, certificateFile]) {
  if (!(cipher in CIPHERS)) throw new Error(`no cipher ${cipher}`);
  if (CIPHERS[cipher].name === "AES-GCM") throw new Error("AES-GCM goes into EnvelopedData, and AuthEnvelopedData is unknown");
  const enveloped = new pkijs.EnvelopedData();
  if (how === "rsa") throw new Error("keys are transported by RSA-OAEP only");
  const digest = how.startsWith("rsa-oaep-") ? how.slice(9).toUpperCase().replace("SHA", "SHA-") : "SHA-256";
  const kdf = how.startsWith("ecdh-") ? how.slice(5).toUpperCase().replace("SHA", "SHA-") : "SHA-512";
  enveloped.addRecipientByCertificate(certificate(certificateFile), { oaepHashAlgorithm: digest, kdfAlgorithm: kdf });
  await enveloped.encrypt(CIPHERS[cipher], read(contentFile));
  write(out, pkijs.ContentInfo.ENVELOPED_DATA, enveloped.toSchema());
}

// decrypt <message> <out> <certificate> <key>
async function decrypt([messageFile, out, certificateFile, keyFile]) {
  const info = pkijs.ContentInfo.fromBER(read(messageFile));
  if (info.contentType !== pkijs.ContentInfo.ENVELOPED_DATA) throw new Error(`not EnvelopedData: ${info.contentType}`);
  const enveloped = new pkijs.EnvelopedData({ schema: info.content });
  const content = await enveloped.decrypt(0, {
    recipientCertificate: certificate(certificateFile),
    recipientPrivateKey: der(keyFile),
  });
  fs.writeFileSync(out, Buffer.from(content));
}

const REQUESTS = { sign, verify, encrypt, decrypt };

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [request, ...words] = line.split("\t");
    let answer = "ok";
    try {
      await REQUESTS[request](words);
    } catch (error) {
      answer = `error ${String(error && error.message ? error.message : error).replace(/\s+/g, " ")}`;
    }
    process.stdout.write(answer + "\n");
  }
}

main();
