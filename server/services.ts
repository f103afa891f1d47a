import { dhcp } from "./dnsmasq/dhcp.ts";
import { tftp } from "./dnsmasq/tftp.ts";
import { http } from "./http/service.ts";
import { nbd, nbdkit } from "./nbd/service.ts";
import type { Service } from "./service.ts";

/**
 * THE PAGE: everything that runs and listens, in the order in which it starts; it stops in reverse.
 *
 * | service  | listens                                      | is                              |
 * |----------|----------------------------------------------|---------------------------------|
 * | `http`   | TCP `[http] port`                            | this process, `http/`           |
 * | `nbdkit` | a Unix socket of ours; not with serve = no   | a child, `nbd/`                 |
 * | `nbd`    | TCP `[nbd] port`; not with serve = no        | this process, `nbd/` → `nbdkit` |
 * | `tftp`   | UDP 69                                       | a child, `dnsmasq/`             |
 * | `dhcp`   | UDP 67; also 4011 as a proxy; none when off  | a child, `dnsmasq/`             |
 *
 * `dhcp` comes last: once it answers, machines come, and all that they ask for next must be there.
 */
export const services: readonly Service[] = [http, nbdkit, nbd, tftp, dhcp];
