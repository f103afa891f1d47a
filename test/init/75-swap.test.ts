import { expect, test } from "vitest";
import { swap } from "../../agent/init/75-swap.ts";
import { planStep, planText } from "../lib/plan-step.ts";

test("off unless asked for", () => {
	expect(planText(swap, "")).toMatchInlineSnapshot(`
		"make link     /etc/systemd/system/swap.target -> /dev/null
		  because USE_LOCAL_SWAP (default)"
	`);
});

test("a swap line in the fstab asks for it", () => {
	expect(planStep(swap, 'FSTAB_1 = "/dev/sda2 none swap sw 0 0"')).toEqual([]);
	expect(planStep(swap, 'FSTAB_1 = "/dev/sda2 /swap ext4 defaults 0 0"')).toHaveLength(1);
	expect(planStep(swap, 'CONFIGURE_FSTAB = no\nFSTAB_1 = "/dev/sda2 none swap sw 0 0"')).toHaveLength(1);
});

test("USE_LOCAL_SWAP: whatever swap partition shows up", () => {
	expect(planText(swap, "USE_LOCAL_SWAP = yes")).toMatchInlineSnapshot(`
		"put file      /etc/udev/rules.d/90-netherd-swap.rules  (0644, 110 B)
		  because USE_LOCAL_SWAP (lts.conf:2 [default])
		  │ SUBSYSTEM=="block", ENV{ID_FS_TYPE}=="swap", TAG+="systemd", ENV{SYSTEMD_WANTS}+="netherd-swap@$name.service"
		put file      /etc/systemd/system/netherd-swap@.service  (0644, 211 B)
		  because USE_LOCAL_SWAP (lts.conf:2 [default])
		  │ [Unit]
		  │ Description=Swap on /dev/%i (USE_LOCAL_SWAP of lts.conf)
		  │ DefaultDependencies=no
		  │ Conflicts=umount.target
		  │ Before=umount.target
		  │ 
		  │ [Service]
		  │ Type=oneshot
		  │ RemainAfterExit=yes
		  │ ExecStart=/usr/sbin/swapon /dev/%i"
	`);
});
