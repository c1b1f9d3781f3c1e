import { StalledError } from "#base";
import { isKeyOf, pemCertificates } from "./certificate.ts";

/** What a server needs, and what the API server has to trust. PEM texts. */
export interface ServingFiles {
  readonly certificate: string;
  readonly privateKey: string;
  /** Undefined where the folder has no `ca.crt`: somebody else tells the API server whom to trust. */
  readonly authorities?: string;
}

/**
 * The certificate that somebody else keeps in a folder, as cert-manager does in a mounted Secret: `tls.crt`, `tls.key`
 * and perhaps `ca.crt`. The kubelet swaps all of them at once; a key that does not fit is one read in between.
 *
 * @throws {StalledError} when a file is missing, or the key is of another certificate
 */
export async function readServingFiles(folder: string): Promise<ServingFiles> {
  const [certificate, privateKey, authorities] = await Promise.all([
    readFile(`${folder}/tls.crt`),
    readFile(`${folder}/tls.key`),
    readFile(`${folder}/ca.crt`),
  ]);
  if (certificate === undefined || privateKey === undefined) {
    const missing = certificate === undefined ? "tls.crt" : "tls.key";
    throw unusable(folder, `it has no ${missing}`);
  }
  if (!isKeyOf(certificate, privateKey)) {
    throw unusable(folder, "tls.key is not the key of tls.crt, or one of them is damaged");
  }
  if (authorities === undefined) return { certificate, privateKey };
  if (pemCertificates(authorities).length === 0) throw unusable(folder, "ca.crt holds none");
  return { certificate, privateKey, authorities };
}

async function readFile(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function unusable(folder: string, state: string): StalledError {
  return new StalledError("BadCertificate", `Cannot use the certificate in ${folder}: ${state}`);
}
