# fish completion for netherd-agent
# Generated from agent/commands/command-table.ts by tools/documents.ts: change it there.

# Whether the command is one of these; without any: whether there is none yet.
function __netherd_agent_command
	set -l words (commandline -opc)
	test (count $argv) -eq 0; and test (count $words) -lt 2; and return 0
	test (count $words) -ge 2; and contains -- $words[2] $argv
end

# Whether none of these options is there.
function __netherd_agent_without
	for word in (commandline -opc)
		contains -- (string replace -r '=.*' '' -- $word) $argv; and return 1
	end
	return 0
end

# Whether the cursor is at the value of this option.
function __netherd_agent_value
	test (commandline -opc)[-1] = $argv[1]; or string match -q -- "$argv[1]=*" (commandline -ct)
end

# Whether the word at the cursor is the second one of an option that takes two.
function __netherd_agent_second
	set -l words (commandline -opc)
	test (count $words) -ge 4; and contains -- $words[-2] --diff
end

# How many words the command has so far, without options and what belongs to them.
function __netherd_agent_place
	set -l place 0
	set -l skip 0
	for word in (commandline -opc)[3..-1]
		if test $skip -gt 0
			set skip (math $skip - 1)
		else if contains -- $word --diff
			set skip 2
		else if contains -- $word --conf --mac --ip --hostname --cmdline --facts --stage --key --format --new-root
			set skip 1
		else if not string match -q -- '-*' $word
			set place (math $place + 1)
		end
	end
	test $place -eq $argv[1]
end

complete -c netherd-agent -f
complete -c netherd-agent -n '__netherd_agent_command' -l dry-run -d 'show what a node will do, on any machine, changing nothing'
complete -c netherd-agent -n '__netherd_agent_command' -a check -d 'find mistakes in an lts.conf, for all its nodes'
complete -c netherd-agent -n '__netherd_agent_command' -a migrate -d 'turn kubeadm join in RCFILE lines of an lts.conf into keys'
complete -c netherd-agent -n '__netherd_agent_command' -a explain -d 'show what one node gets from an lts.conf, and why'
complete -c netherd-agent -n '__netherd_agent_command' -a facts -d 'show what the agent knows about this machine'
complete -c netherd-agent -n '__netherd_agent_command' -a status -d 'show how far this node is: its stages, and its way into the cluster'
complete -c netherd-agent -n '__netherd_agent_command' -a boot -d 'stages 1 and 2, in the initramfs (started by the hook)'
complete -c netherd-agent -n '__netherd_agent_command' -a init -d 'stage 2 alone, for a root that something else mounted (started by /sbin/init-ltsp)'
complete -c netherd-agent -n '__netherd_agent_command' -a join -d 'stage 3: join the cluster (started by netherd-join.service)'
complete -c netherd-agent -n '__netherd_agent_command' -l help -d 'show all commands'
complete -c netherd-agent -n '__netherd_agent_command' -l version -d 'show the version'
complete -c netherd-agent -n '__netherd_agent_command --dry-run; and __netherd_agent_without --conf --facts --diff' -l conf -r -d 'the lts.conf to use, in place of the server\'s'
complete -c netherd-agent -n '__netherd_agent_command --dry-run; and __netherd_agent_value --conf' -l conf -r -F
complete -c netherd-agent -n '__netherd_agent_command --dry-run; and __netherd_agent_without --mac --facts --all-nodes' -l mac -r -d 'MAC address of the node\'s boot interface'
complete -c netherd-agent -n '__netherd_agent_command --dry-run; and __netherd_agent_value --mac' -l mac -x
complete -c netherd-agent -n '__netherd_agent_command --dry-run; and __netherd_agent_without --ip --facts --all-nodes' -l ip -r -d 'IPv4 address that DHCP gives to the node'
complete -c netherd-agent -n '__netherd_agent_command --dry-run; and __netherd_agent_value --ip' -l ip -x
complete -c netherd-agent -n '__netherd_agent_command --dry-run; and __netherd_agent_without --hostname --facts --all-nodes' -l hostname -r -d 'host name that DHCP gives to the node'
complete -c netherd-agent -n '__netherd_agent_command --dry-run; and __netherd_agent_value --hostname' -l hostname -x
complete -c netherd-agent -n '__netherd_agent_command --dry-run; and __netherd_agent_without --cmdline --facts' -l cmdline -r -d 'the kernel command line'
complete -c netherd-agent -n '__netherd_agent_command --dry-run; and __netherd_agent_value --cmdline' -l cmdline -x
complete -c netherd-agent -n '__netherd_agent_command --dry-run; and __netherd_agent_without --facts --conf --mac --ip --hostname --cmdline --key --diff' -l facts -r -d 'a facts.json; plans the one stage that it belongs to'
complete -c netherd-agent -n '__netherd_agent_command --dry-run; and __netherd_agent_value --facts' -l facts -r -F
complete -c netherd-agent -n '__netherd_agent_command --dry-run; and __netherd_agent_without --stage' -l stage -r -d 'only this stage'
complete -c netherd-agent -n '__netherd_agent_command --dry-run; and __netherd_agent_value --stage' -l stage -x -a 'initramfs init join'
complete -c netherd-agent -n '__netherd_agent_command --dry-run; and __netherd_agent_without --offline --key' -l offline -d 'read nothing over the network'
complete -c netherd-agent -n '__netherd_agent_command --dry-run; and __netherd_agent_without --key --facts --offline --diff' -l key -r -d 'the public key that has to have signed what the server gives'
complete -c netherd-agent -n '__netherd_agent_command --dry-run; and __netherd_agent_value --key' -l key -r -F
complete -c netherd-agent -n '__netherd_agent_command --dry-run; and __netherd_agent_without --diff --conf --facts --key' -l diff -r -d 'what changes on the node from one lts.conf to another'
complete -c netherd-agent -n '__netherd_agent_command --dry-run; and __netherd_agent_value --diff' -l diff -r -F
complete -c netherd-agent -n '__netherd_agent_command --dry-run; and __netherd_agent_second' -r -F
complete -c netherd-agent -n '__netherd_agent_command --dry-run; and __netherd_agent_without --all-nodes --mac --ip --hostname; and not __netherd_agent_without --diff' -l all-nodes -d 'with --diff: every node that one of the files names'
complete -c netherd-agent -n '__netherd_agent_command --dry-run; and __netherd_agent_without --format' -l format -r -d 'for people (text, the default) or for programs (json)'
complete -c netherd-agent -n '__netherd_agent_command --dry-run; and __netherd_agent_value --format' -l format -x -a 'text json'
complete -c netherd-agent -n '__netherd_agent_command --dry-run; and __netherd_agent_without --help' -l help -d 'show this'
complete -c netherd-agent -n '__netherd_agent_command check; and __netherd_agent_without --strict' -l strict -d 'exit with 1 when there are warnings'
complete -c netherd-agent -n '__netherd_agent_command check; and __netherd_agent_without --format' -l format -r -d 'for people (text, the default) or for programs (json)'
complete -c netherd-agent -n '__netherd_agent_command check; and __netherd_agent_value --format' -l format -x -a 'text json'
complete -c netherd-agent -n '__netherd_agent_command check; and __netherd_agent_without --help' -l help -d 'show this'
complete -c netherd-agent -n '__netherd_agent_command check; and __netherd_agent_place 0' -r -F
complete -c netherd-agent -n '__netherd_agent_command migrate; and __netherd_agent_without --write' -l write -d 'change the file, keeping its mode and owner'
complete -c netherd-agent -n '__netherd_agent_command migrate; and __netherd_agent_without --help' -l help -d 'show this'
complete -c netherd-agent -n '__netherd_agent_command migrate; and __netherd_agent_place 0' -r -F
complete -c netherd-agent -n '__netherd_agent_command explain; and __netherd_agent_without --mac' -l mac -r -d 'MAC address of the node\'s boot interface'
complete -c netherd-agent -n '__netherd_agent_command explain; and __netherd_agent_value --mac' -l mac -x
complete -c netherd-agent -n '__netherd_agent_command explain; and __netherd_agent_without --ip' -l ip -r -d 'IPv4 address that DHCP gives to the node'
complete -c netherd-agent -n '__netherd_agent_command explain; and __netherd_agent_value --ip' -l ip -x
complete -c netherd-agent -n '__netherd_agent_command explain; and __netherd_agent_without --hostname' -l hostname -r -d 'host name that DHCP gives to the node'
complete -c netherd-agent -n '__netherd_agent_command explain; and __netherd_agent_value --hostname' -l hostname -x
complete -c netherd-agent -n '__netherd_agent_command explain; and __netherd_agent_without --cmdline' -l cmdline -r -d 'the kernel command line'
complete -c netherd-agent -n '__netherd_agent_command explain; and __netherd_agent_value --cmdline' -l cmdline -x
complete -c netherd-agent -n '__netherd_agent_command explain; and __netherd_agent_without --all' -l all -d 'also keys that nothing sets (json has them always)'
complete -c netherd-agent -n '__netherd_agent_command explain; and __netherd_agent_without --format' -l format -r -d 'for people (text, the default) or for programs (json)'
complete -c netherd-agent -n '__netherd_agent_command explain; and __netherd_agent_value --format' -l format -x -a 'text json'
complete -c netherd-agent -n '__netherd_agent_command explain; and __netherd_agent_without --help' -l help -d 'show this'
complete -c netherd-agent -n '__netherd_agent_command explain; and __netherd_agent_place 0' -r -F
complete -c netherd-agent -n '__netherd_agent_command explain; and __netherd_agent_place 1' -a 'CONFIGURE_FSTAB CRONTAB_ DNS_SERVER FSTAB_ HOSTNAME HOSTNAME_BASE HOSTNAME_EXTRA HOSTS_ IMAGE IMAGE_CONNECTIONS IMAGE_SOURCES IMAGE_SOURCES_USE IMAGE_STALL_TIMEOUT IMAGE_TMPFS_SIZE IMAGE_TOTAL_TIMEOUT INIT_COMMAND_ KEEP_SYSTEM_SERVICES KERNEL_PARAMETERS KUBEADM_JOIN_CA_CERT_HASH KUBEADM_JOIN_CONFIG KUBEADM_JOIN_ENDPOINT KUBEADM_JOIN_TIMEOUT KUBEADM_JOIN_TOKEN KUBEADM_JOIN_TOKEN_FILE KUBEADM_PATCHES KUBELET_EXTRA_ARG_ KUBERNETES_CRI_SOCKET KUBERNETES_LABEL_ KUBERNETES_STORAGE KUBERNETES_TAINT_ LTSP_NBD_TO_RAM MODULE_ NET_DEVICE_METHOD NODE_IP NODE_NAME ON_FAILURE ON_FAILURE_DELAY OVERLAY_TMPFS_SIZE PREINIT_ RCFILE_ RM_SYSTEM_SERVICES ROOT_PASSWORD_HASH SEARCH_DOMAIN SERVER SSH_AUTHORIZED_KEY_ SYSCTL_ SYSLOG_HOST TIMESERVER TIMEZONE USE_LOCAL_SWAP'
complete -c netherd-agent -n '__netherd_agent_command facts; and __netherd_agent_without --help' -l help -d 'show this'
complete -c netherd-agent -n '__netherd_agent_command status; and __netherd_agent_without --format' -l format -r -d 'for people (text, the default) or for programs (json)'
complete -c netherd-agent -n '__netherd_agent_command status; and __netherd_agent_value --format' -l format -x -a 'text json'
complete -c netherd-agent -n '__netherd_agent_command status; and __netherd_agent_without --help' -l help -d 'show this'
complete -c netherd-agent -n '__netherd_agent_command boot; and __netherd_agent_without --new-root' -l new-root -r -d 'where the new root goes (default /root)'
complete -c netherd-agent -n '__netherd_agent_command boot; and __netherd_agent_value --new-root' -l new-root -x -a '(__fish_complete_directories)'
complete -c netherd-agent -n '__netherd_agent_command boot; and __netherd_agent_without --help' -l help -d 'show this'
complete -c netherd-agent -n '__netherd_agent_command init; and __netherd_agent_without --help' -l help -d 'show this'
complete -c netherd-agent -n '__netherd_agent_command join; and __netherd_agent_without --help' -l help -d 'show this'

complete -c agent -f
complete -c agent -n '__netherd_agent_command' -l dry-run -d 'show what a node will do, on any machine, changing nothing'
complete -c agent -n '__netherd_agent_command' -a check -d 'find mistakes in an lts.conf, for all its nodes'
complete -c agent -n '__netherd_agent_command' -a migrate -d 'turn kubeadm join in RCFILE lines of an lts.conf into keys'
complete -c agent -n '__netherd_agent_command' -a explain -d 'show what one node gets from an lts.conf, and why'
complete -c agent -n '__netherd_agent_command' -a facts -d 'show what the agent knows about this machine'
complete -c agent -n '__netherd_agent_command' -a status -d 'show how far this node is: its stages, and its way into the cluster'
complete -c agent -n '__netherd_agent_command' -a boot -d 'stages 1 and 2, in the initramfs (started by the hook)'
complete -c agent -n '__netherd_agent_command' -a init -d 'stage 2 alone, for a root that something else mounted (started by /sbin/init-ltsp)'
complete -c agent -n '__netherd_agent_command' -a join -d 'stage 3: join the cluster (started by netherd-join.service)'
complete -c agent -n '__netherd_agent_command' -l help -d 'show all commands'
complete -c agent -n '__netherd_agent_command' -l version -d 'show the version'
complete -c agent -n '__netherd_agent_command --dry-run; and __netherd_agent_without --conf --facts --diff' -l conf -r -d 'the lts.conf to use, in place of the server\'s'
complete -c agent -n '__netherd_agent_command --dry-run; and __netherd_agent_value --conf' -l conf -r -F
complete -c agent -n '__netherd_agent_command --dry-run; and __netherd_agent_without --mac --facts --all-nodes' -l mac -r -d 'MAC address of the node\'s boot interface'
complete -c agent -n '__netherd_agent_command --dry-run; and __netherd_agent_value --mac' -l mac -x
complete -c agent -n '__netherd_agent_command --dry-run; and __netherd_agent_without --ip --facts --all-nodes' -l ip -r -d 'IPv4 address that DHCP gives to the node'
complete -c agent -n '__netherd_agent_command --dry-run; and __netherd_agent_value --ip' -l ip -x
complete -c agent -n '__netherd_agent_command --dry-run; and __netherd_agent_without --hostname --facts --all-nodes' -l hostname -r -d 'host name that DHCP gives to the node'
complete -c agent -n '__netherd_agent_command --dry-run; and __netherd_agent_value --hostname' -l hostname -x
complete -c agent -n '__netherd_agent_command --dry-run; and __netherd_agent_without --cmdline --facts' -l cmdline -r -d 'the kernel command line'
complete -c agent -n '__netherd_agent_command --dry-run; and __netherd_agent_value --cmdline' -l cmdline -x
complete -c agent -n '__netherd_agent_command --dry-run; and __netherd_agent_without --facts --conf --mac --ip --hostname --cmdline --key --diff' -l facts -r -d 'a facts.json; plans the one stage that it belongs to'
complete -c agent -n '__netherd_agent_command --dry-run; and __netherd_agent_value --facts' -l facts -r -F
complete -c agent -n '__netherd_agent_command --dry-run; and __netherd_agent_without --stage' -l stage -r -d 'only this stage'
complete -c agent -n '__netherd_agent_command --dry-run; and __netherd_agent_value --stage' -l stage -x -a 'initramfs init join'
complete -c agent -n '__netherd_agent_command --dry-run; and __netherd_agent_without --offline --key' -l offline -d 'read nothing over the network'
complete -c agent -n '__netherd_agent_command --dry-run; and __netherd_agent_without --key --facts --offline --diff' -l key -r -d 'the public key that has to have signed what the server gives'
complete -c agent -n '__netherd_agent_command --dry-run; and __netherd_agent_value --key' -l key -r -F
complete -c agent -n '__netherd_agent_command --dry-run; and __netherd_agent_without --diff --conf --facts --key' -l diff -r -d 'what changes on the node from one lts.conf to another'
complete -c agent -n '__netherd_agent_command --dry-run; and __netherd_agent_value --diff' -l diff -r -F
complete -c agent -n '__netherd_agent_command --dry-run; and __netherd_agent_second' -r -F
complete -c agent -n '__netherd_agent_command --dry-run; and __netherd_agent_without --all-nodes --mac --ip --hostname; and not __netherd_agent_without --diff' -l all-nodes -d 'with --diff: every node that one of the files names'
complete -c agent -n '__netherd_agent_command --dry-run; and __netherd_agent_without --format' -l format -r -d 'for people (text, the default) or for programs (json)'
complete -c agent -n '__netherd_agent_command --dry-run; and __netherd_agent_value --format' -l format -x -a 'text json'
complete -c agent -n '__netherd_agent_command --dry-run; and __netherd_agent_without --help' -l help -d 'show this'
complete -c agent -n '__netherd_agent_command check; and __netherd_agent_without --strict' -l strict -d 'exit with 1 when there are warnings'
complete -c agent -n '__netherd_agent_command check; and __netherd_agent_without --format' -l format -r -d 'for people (text, the default) or for programs (json)'
complete -c agent -n '__netherd_agent_command check; and __netherd_agent_value --format' -l format -x -a 'text json'
complete -c agent -n '__netherd_agent_command check; and __netherd_agent_without --help' -l help -d 'show this'
complete -c agent -n '__netherd_agent_command check; and __netherd_agent_place 0' -r -F
complete -c agent -n '__netherd_agent_command migrate; and __netherd_agent_without --write' -l write -d 'change the file, keeping its mode and owner'
complete -c agent -n '__netherd_agent_command migrate; and __netherd_agent_without --help' -l help -d 'show this'
complete -c agent -n '__netherd_agent_command migrate; and __netherd_agent_place 0' -r -F
complete -c agent -n '__netherd_agent_command explain; and __netherd_agent_without --mac' -l mac -r -d 'MAC address of the node\'s boot interface'
complete -c agent -n '__netherd_agent_command explain; and __netherd_agent_value --mac' -l mac -x
complete -c agent -n '__netherd_agent_command explain; and __netherd_agent_without --ip' -l ip -r -d 'IPv4 address that DHCP gives to the node'
complete -c agent -n '__netherd_agent_command explain; and __netherd_agent_value --ip' -l ip -x
complete -c agent -n '__netherd_agent_command explain; and __netherd_agent_without --hostname' -l hostname -r -d 'host name that DHCP gives to the node'
complete -c agent -n '__netherd_agent_command explain; and __netherd_agent_value --hostname' -l hostname -x
complete -c agent -n '__netherd_agent_command explain; and __netherd_agent_without --cmdline' -l cmdline -r -d 'the kernel command line'
complete -c agent -n '__netherd_agent_command explain; and __netherd_agent_value --cmdline' -l cmdline -x
complete -c agent -n '__netherd_agent_command explain; and __netherd_agent_without --all' -l all -d 'also keys that nothing sets (json has them always)'
complete -c agent -n '__netherd_agent_command explain; and __netherd_agent_without --format' -l format -r -d 'for people (text, the default) or for programs (json)'
complete -c agent -n '__netherd_agent_command explain; and __netherd_agent_value --format' -l format -x -a 'text json'
complete -c agent -n '__netherd_agent_command explain; and __netherd_agent_without --help' -l help -d 'show this'
complete -c agent -n '__netherd_agent_command explain; and __netherd_agent_place 0' -r -F
complete -c agent -n '__netherd_agent_command explain; and __netherd_agent_place 1' -a 'CONFIGURE_FSTAB CRONTAB_ DNS_SERVER FSTAB_ HOSTNAME HOSTNAME_BASE HOSTNAME_EXTRA HOSTS_ IMAGE IMAGE_CONNECTIONS IMAGE_SOURCES IMAGE_SOURCES_USE IMAGE_STALL_TIMEOUT IMAGE_TMPFS_SIZE IMAGE_TOTAL_TIMEOUT INIT_COMMAND_ KEEP_SYSTEM_SERVICES KERNEL_PARAMETERS KUBEADM_JOIN_CA_CERT_HASH KUBEADM_JOIN_CONFIG KUBEADM_JOIN_ENDPOINT KUBEADM_JOIN_TIMEOUT KUBEADM_JOIN_TOKEN KUBEADM_JOIN_TOKEN_FILE KUBEADM_PATCHES KUBELET_EXTRA_ARG_ KUBERNETES_CRI_SOCKET KUBERNETES_LABEL_ KUBERNETES_STORAGE KUBERNETES_TAINT_ LTSP_NBD_TO_RAM MODULE_ NET_DEVICE_METHOD NODE_IP NODE_NAME ON_FAILURE ON_FAILURE_DELAY OVERLAY_TMPFS_SIZE PREINIT_ RCFILE_ RM_SYSTEM_SERVICES ROOT_PASSWORD_HASH SEARCH_DOMAIN SERVER SSH_AUTHORIZED_KEY_ SYSCTL_ SYSLOG_HOST TIMESERVER TIMEZONE USE_LOCAL_SWAP'
complete -c agent -n '__netherd_agent_command facts; and __netherd_agent_without --help' -l help -d 'show this'
complete -c agent -n '__netherd_agent_command status; and __netherd_agent_without --format' -l format -r -d 'for people (text, the default) or for programs (json)'
complete -c agent -n '__netherd_agent_command status; and __netherd_agent_value --format' -l format -x -a 'text json'
complete -c agent -n '__netherd_agent_command status; and __netherd_agent_without --help' -l help -d 'show this'
complete -c agent -n '__netherd_agent_command boot; and __netherd_agent_without --new-root' -l new-root -r -d 'where the new root goes (default /root)'
complete -c agent -n '__netherd_agent_command boot; and __netherd_agent_value --new-root' -l new-root -x -a '(__fish_complete_directories)'
complete -c agent -n '__netherd_agent_command boot; and __netherd_agent_without --help' -l help -d 'show this'
complete -c agent -n '__netherd_agent_command init; and __netherd_agent_without --help' -l help -d 'show this'
complete -c agent -n '__netherd_agent_command join; and __netherd_agent_without --help' -l help -d 'show this'
