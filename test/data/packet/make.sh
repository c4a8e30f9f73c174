#!/bin/sh
# Makes the captures here with Wireshark's tools from the packets of examples/captures, and a table of what tshark says of each.
set -eu
cd "$(dirname "$0")"
captures=../../../examples/captures

editcap -F nsecpcap -r "$captures/annotated.pcapng" nanoseconds.pcap 1 3 5 7
editcap -F pcap -r -s 60 "$captures/mixed.pcap" cut.pcap 1-6
mergecap -F pcapng -w merged.pcapng "$captures/annotated.pcapng" cut.pcap
# mergecap notes the running kernel.
release=$(uname -r)
LC_ALL=C sed -i "s/$release/$(printf %s "$release" | tr -c '' x)/" merged.pcapng

for capture in *.pcap *.pcapng; do
	tshark -r "$capture" -T fields -E separator=, -e frame.time_epoch -e frame.cap_len -e frame.len \
		-e frame.interface_name -e frame.comment >"$capture.csv"
done
