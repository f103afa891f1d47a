# bash completion for netherd-agent
# Generated from agent/commands/command-table.ts by tools/documents.ts: change it there.

# Answers for the kind of word that is wanted: file, folder, key, text, or the choices themselves.
_netherd_agent_words() {
	case $1 in
	file | folder)
		compopt -o filenames 2>/dev/null
		local action=-f
		[[ $1 == folder ]] && action=-d
		mapfile -t COMPREPLY < <(compgen "$action" -- "$2")
		;;
	key) mapfile -t COMPREPLY < <(compgen -W 'CONFIGURE_FSTAB CRONTAB_ DNS_SERVER FSTAB_ HOSTNAME HOSTNAME_BASE HOSTNAME_EXTRA HOSTS_ IMAGE IMAGE_CONNECTIONS IMAGE_SOURCES IMAGE_SOURCES_USE IMAGE_STALL_TIMEOUT IMAGE_TMPFS_SIZE IMAGE_TOTAL_TIMEOUT INIT_COMMAND_ KEEP_SYSTEM_SERVICES KERNEL_PARAMETERS KUBEADM_JOIN_CA_CERT_HASH KUBEADM_JOIN_CONFIG KUBEADM_JOIN_ENDPOINT KUBEADM_JOIN_TIMEOUT KUBEADM_JOIN_TOKEN KUBEADM_JOIN_TOKEN_FILE KUBEADM_PATCHES KUBELET_EXTRA_ARG_ KUBERNETES_CRI_SOCKET KUBERNETES_LABEL_ KUBERNETES_STORAGE KUBERNETES_TAINT_ LTSP_NBD_TO_RAM MODULE_ NET_DEVICE_METHOD NODE_IP NODE_NAME ON_FAILURE ON_FAILURE_DELAY OVERLAY_TMPFS_SIZE PREINIT_ RCFILE_ RM_SYSTEM_SERVICES ROOT_PASSWORD_HASH SEARCH_DOMAIN SERVER SSH_AUTHORIZED_KEY_ SYSCTL_ SYSLOG_HOST TIMESERVER TIMEZONE USE_LOCAL_SWAP' -- "${2^^}") ;;
	text) ;;
	*) mapfile -t COMPREPLY < <(compgen -W "${1//|/ }" -- "$2") ;;
	esac
}

# Offers an option that is not there yet: option, the options that it needs, the options that it can't stand beside.
_netherd_agent_option() {
	local other
	[[ $given == *" $1 "* ]] && return
	for other in $2; do [[ $given == *" $other "* ]] || return; done
	for other in $3; do [[ $given == *" $other "* ]] && return; done
	offered+=" $1"
}

_netherd_agent() {
	local current=${COMP_WORDS[COMP_CWORD]} command= given=' ' offered= word glue= place=0 index
	# Kinds of the words that belong to the option before the cursor.
	local -a wanted=()
	COMPREPLY=()
	# ':' and '=' are words of their own to bash, with what stands around them.
	for ((index = 1; index < COMP_CWORD; index++)); do
		word=${COMP_WORDS[index]}
		if [[ $word =~ ^[:=]+$ ]]; then
			glue=$word
		elif [[ -n $glue && ($glue != '=' || ${#wanted[@]} == 0) ]]; then
			glue=
		elif [[ -z $command ]]; then
			command=$word
		elif ((${#wanted[@]} > 0)); then
			wanted=("${wanted[@]:1}") glue=
		elif [[ $word == --* ]]; then
			given+="$word "
			case "$command $word" in
			'--dry-run --conf') wanted=(file) ;;
			'--dry-run --mac') wanted=(text) ;;
			'--dry-run --ip') wanted=(text) ;;
			'--dry-run --hostname') wanted=(text) ;;
			'--dry-run --cmdline') wanted=(text) ;;
			'--dry-run --facts') wanted=(file) ;;
			'--dry-run --stage') wanted=('initramfs|init|join') ;;
			'--dry-run --key') wanted=(file) ;;
			'--dry-run --diff') wanted=(file file) ;;
			'--dry-run --format') wanted=('text|json') ;;
			'check --format') wanted=('text|json') ;;
			'explain --mac') wanted=(text) ;;
			'explain --ip') wanted=(text) ;;
			'explain --hostname') wanted=(text) ;;
			'explain --cmdline') wanted=(text) ;;
			'explain --format') wanted=('text|json') ;;
			'status --format') wanted=('text|json') ;;
			'boot --new-root') wanted=(folder) ;;
			esac
		else
			((place += 1))
		fi
	done
	[[ $current =~ ^[:=]+$ ]] && glue=$current current=
	if [[ -n $glue && $glue != '=' ]]; then
		return
	elif [[ -z $command ]]; then
		mapfile -t COMPREPLY < <(compgen -W '--dry-run check migrate explain facts status boot init join --help --version' -- "$current")
		return
	elif ((${#wanted[@]} > 0)); then
		_netherd_agent_words "${wanted[0]}" "$current"
		return
	elif [[ $current == -* ]]; then
		case $command in
		--dry-run)
			_netherd_agent_option --conf '' '--facts --diff'
			_netherd_agent_option --mac '' '--facts --all-nodes'
			_netherd_agent_option --ip '' '--facts --all-nodes'
			_netherd_agent_option --hostname '' '--facts --all-nodes'
			_netherd_agent_option --cmdline '' '--facts'
			_netherd_agent_option --facts '' '--conf --mac --ip --hostname --cmdline --key --diff'
			_netherd_agent_option --stage '' ''
			_netherd_agent_option --offline '' '--key'
			_netherd_agent_option --key '' '--facts --offline --diff'
			_netherd_agent_option --diff '' '--conf --facts --key'
			_netherd_agent_option --all-nodes '--diff' '--mac --ip --hostname'
			_netherd_agent_option --format '' ''
			_netherd_agent_option --help '' ''
			;;
		check)
			_netherd_agent_option --strict '' ''
			_netherd_agent_option --format '' ''
			_netherd_agent_option --help '' ''
			;;
		migrate)
			_netherd_agent_option --write '' ''
			_netherd_agent_option --help '' ''
			;;
		explain)
			_netherd_agent_option --mac '' ''
			_netherd_agent_option --ip '' ''
			_netherd_agent_option --hostname '' ''
			_netherd_agent_option --cmdline '' ''
			_netherd_agent_option --all '' ''
			_netherd_agent_option --format '' ''
			_netherd_agent_option --help '' ''
			;;
		facts)
			_netherd_agent_option --help '' ''
			;;
		status)
			_netherd_agent_option --format '' ''
			_netherd_agent_option --help '' ''
			;;
		boot)
			_netherd_agent_option --new-root '' ''
			_netherd_agent_option --help '' ''
			;;
		init)
			_netherd_agent_option --help '' ''
			;;
		join)
			_netherd_agent_option --help '' ''
			;;
		esac
		mapfile -t COMPREPLY < <(compgen -W "$offered" -- "$current")
		return
	fi
	case "$command $place" in
	'check 0') _netherd_agent_words file "$current" ;;
	'migrate 0') _netherd_agent_words file "$current" ;;
	'explain 0') _netherd_agent_words file "$current" ;;
	'explain 1') _netherd_agent_words key "$current" ;;
	esac
}

complete -F _netherd_agent netherd-agent agent
