/** Certificates for servers on loopback, made by openssl or as the program makes its own. */
import { type Certificates, renewedAuthority, renewedCertificates } from "#admission";
import { needProgram, ran } from "./programs.ts";

/** A certificate authority, and a server's certificate by it (PEM). */
export interface TestAuthority {
  readonly caPem: string;
  readonly cert: string;
  readonly key: string;
}

/** Makes an authority and a certificate for 127.0.0.1 in a folder. */
export async function testAuthority(folder: string, name: string): Promise<TestAuthority> {
  await needProgram("/usr/bin/openssl", "openssl");
  const at = (file: string) => `${folder}/${name}-${file}`;
  const request = (
    subject: string,
    key: string,
  ) => ["req", "-newkey", "rsa:2048", "-nodes", "-subj", `/CN=${subject}`, "-keyout", at(key)];
  await ran("openssl", [...request(name, "ca.key"), "-x509", "-days", "2", "-out", at("ca.crt")]);
  await ran("openssl", [...request("127.0.0.1", "tls.key"), "-out", at("tls.csr")]);
  await Deno.writeTextFile(at("ext"), "subjectAltName=IP:127.0.0.1\n");
  const sign = ["x509", "-req", "-days", "2", "-CAcreateserial", "-extfile", at("ext")];
  const by = ["-CA", at("ca.crt"), "-CAkey", at("ca.key")];
  await ran("openssl", [...sign, ...by, "-in", at("tls.csr"), "-out", at("tls.crt")]);
  const read = (file: string) => Deno.readTextFile(at(file));
  return { caPem: await read("ca.crt"), cert: await read("tls.crt"), key: await read("tls.key") };
}

/** A certificate as the program makes it for itself. */
export async function ownCertificates(hosts: readonly string[]): Promise<Certificates> {
  const terms = { hosts, nowMs: Date.now() };
  const authority = await renewedAuthority([], terms);
  return await renewedCertificates(undefined, { ...terms, authority });
}
