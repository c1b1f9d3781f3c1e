import { assertEquals } from "@std/assert";
import { refusedAddress } from "#base";

const policy = {
  apiServer: ["10.96.0.1", "api.cluster.example", "fd00::1"],
  allowLoopback: false,
};

const reason = (host: string) => refusedAddress(host, policy);

Deno.test("refusedAddress() lets through what is no business of the program's own network", () => {
  for (
    const host of [
      "example.org",
      "pulsar-broker.pulsar.svc.cluster.local",
      "broker",
      "10.0.0.8",
      "192.168.1.1",
      "100.64.0.1",
      "128.0.0.1",
      "223.255.255.255",
      "2001:db8::1",
      "[2001:db8::1]",
      "fd00::2",
      "::ffff:10.0.0.8",
      "kubernetes.example.org",
      "mykubernetes.default.svc",
      "localhost.example.org",
      "notlocalhost",
      "xn--bcher-kva.example",
    ]
  ) assertEquals(reason(host), undefined, host);
});

Deno.test("refusedAddress() refuses this machine in every spelling", () => {
  for (
    const host of [
      "localhost",
      "LOCALHOST",
      "localhost.",
      "a.localhost",
      "ip6-localhost",
      "127.0.0.1",
      "127.255.255.254",
      "127.1",
      "0x7f.1",
      "0x7f000001",
      "2130706433",
      "017700000001",
      "127.0.0.1.",
      "0.0.0.0",
      "0",
      "0.1.2.3",
      "::1",
      "[::1]",
      "[::]",
      "0:0:0:0:0:0:0:1",
      "::ffff:127.0.0.1",
      "::ffff:7f00:1",
      "::127.0.0.1",
      "64:ff9b::127.0.0.1",
      "2002:7f00:1::",
      "::1%lo",
      "１２７.0.0.1",
    ]
  ) {
    assertEquals(reason(host), "an address of the program's own machine", host);
    assertEquals(refusedAddress(host, { ...policy, allowLoopback: true }), undefined, host);
  }
});

Deno.test("refusedAddress() refuses link-local addresses and metadata services, for tests too", () => {
  for (
    const host of [
      "169.254.169.254",
      "169.254.0.1",
      "0xa9fea9fe",
      "2852039166",
      "[fe80::1]",
      "fe80::1%eth0",
      "febf::1",
      "::ffff:169.254.169.254",
      "64:ff9b::a9fe:a9fe",
    ]
  ) {
    assertEquals(reason(host), "a link-local address", host);
    assertEquals(
      refusedAddress(host, { ...policy, allowLoopback: true }),
      "a link-local address",
      host,
    );
  }
  for (const host of ["fd00:ec2::254", "100.100.100.200", "168.63.129.16"]) {
    assertEquals(reason(host), "the address of a cloud's metadata service", host);
  }
  for (const host of ["224.0.0.1", "255.255.255.255", "ff02::1"]) {
    assertEquals(reason(host), "no address of a single host", host);
  }
});

Deno.test("refusedAddress() refuses the API server by name and by address", () => {
  for (
    const host of [
      "10.96.0.1",
      "api.cluster.example",
      "API.cluster.example.",
      "fd00:0::1",
      "kubernetes",
      "kubernetes.default",
      "kubernetes.default.svc",
      "kubernetes.default.svc.cluster.local",
    ]
  ) assertEquals(reason(host), "the API server", host);
});

Deno.test("refusedAddress() takes nothing but a host", () => {
  for (
    const host of [
      "",
      ".",
      "a b",
      "a/b",
      "user@example.org",
      "example.org:80",
      "example.org?x",
      "example.org#x",
      "::1::2",
      "1.2.3.4.5",
      "256.1.1.1",
      `${"a".repeat(300)}.example`,
    ]
  ) assertEquals(reason(host), "no host", host);
});
