import { dnsmasq } from "./dhcp/service.ts";
import { http } from "./http/service.ts";
import { nbd, nbdkit } from "./nbd/service.ts";
import type { Service } from "./service.ts";

/**
 * THE PAGE: everything that runs and listens, in the order in which it starts; it stops in reverse.
 *
 * | service   | listens                                     | is                               |
 * |-----------|---------------------------------------------|----------------------------------|
 * | `http`    | TCP `[http] port`                           | this process, `http/`            |
 * | `nbdkit`  | a Unix socket of ours                       | a child, `nbd/`                  |
 * | `nbd`     | TCP `[nbd] port`                            | this process, `nbd/` → `nbdkit`  |
 * | `dnsmasq` | UDP 69; 67 unless off; 4011 as DHCP's proxy | a child, `dhcp/`                 |
 *
 * `dnsmasq` comes last: once DHCP answers, machines come, and all that they ask for next must be there.
 */
export const services: readonly Service[] = [http, nbdkit, nbd, dnsmasq];
