/** Who we are to the server: asked before every request, so it has to be cheap. */
export interface Credentials {
  /** The whole header, e.g. `Bearer …`. */
  readonly authorization?: string;
  /** PEM. */
  readonly clientCertificate?: string;
  /** PEM. */
  readonly clientKey?: string;
}

/** Where a server is and how it is known. */
export interface Endpoint {
  /** `https://host:port`, perhaps with a path. */
  readonly server: string;
  /** PEM; the system's authorities when left out. */
  readonly certificateAuthority?: string;
  /**
   * The authority as whoever looks after it says now, PEM: asked where no connection came about, as clusters get other
   * authorities while programs run. Undefined where nothing usable is said.
   */
  authority?(): Promise<string | undefined>;
  readonly proxyUrl?: string;
  /** The name that the server's certificate is for, where that is not the name in its address. */
  readonly tlsServerName?: string;
  /** Whoever answers is believed to be the server, because somebody asked for that. */
  readonly isUnverified?: boolean;
  /** Headers that say as whom every request acts. */
  readonly actingHeaders?: readonly (readonly [string, string])[];
  credentials(): Promise<Credentials>;
  /** Told when the server knew nobody by these credentials (401): others are asked for next time, where they can be had. */
  refused?(credentials: Credentials): void;
}

/** A request as it goes out. */
export interface OutgoingRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  /** Sent each in a line of its own, as `Headers` cannot. */
  readonly lines: readonly (readonly [string, string])[];
  readonly body?: string;
  /** Ends the answer too. */
  readonly signal: AbortSignal;
}

/** A client's own certificate and key, PEM. */
export interface ClientPair {
  readonly certificate: string;
  readonly key: string;
}

/** Connections to one server, of one client certificate. */
export interface Sender {
  /** Sends once, follows no redirect, and answers with the head of the answer. */
  send(request: OutgoingRequest): Promise<Response>;
  /** Nothing new is sent; what is under way ends by itself. */
  close(): void;
}
