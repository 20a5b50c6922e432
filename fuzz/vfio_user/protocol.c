/* SPDX-License-Identifier: MIT */
/* See protocol.h. */
#include "protocol.h"

#include "../../parsers/layout.h"

const struct vu_command_row vu_commands[VU_COMMAND_COUNT] = {
#define ROW(symbol, number, name, least, most, reply, fds) {number, name, least, most, reply, fds},
	VU_COMMANDS(ROW)
#undef ROW
};

enum vu_command vu_command_of(uint16_t number)
{
	enum vu_command command = 0;

	while (command < VU_COMMAND_COUNT && vu_commands[command].number != number)
		command++;
	return command;
}

const char *vu_command_name(enum vu_command command)
{
	return command < VU_COMMAND_COUNT ? vu_commands[command].name : "another command";
}

struct vu_header vu_header_read(const uint8_t bytes[VU_HEADER])
{
	return (struct vu_header){
		.id = (uint16_t)layout_load(bytes, 2),
		.command = (uint16_t)layout_load(bytes + 2, 2),
		.size = (uint32_t)layout_load(bytes + 4, 4),
		.flags = (uint32_t)layout_load(bytes + 8, 4),
		.error = (uint32_t)layout_load(bytes + 12, 4),
	};
}

void vu_header_write(const struct vu_header *header, uint8_t ret_bytes[VU_HEADER])
{
	layout_store(ret_bytes, 2, header->id);
	layout_store(ret_bytes + 2, 2, header->command);
	layout_store(ret_bytes + 4, 4, header->size);
	layout_store(ret_bytes + 8, 4, header->flags);
	layout_store(ret_bytes + 12, 4, header->error);
}

const char *vu_header_wrong(const struct vu_header *header)
{
	return header->size < VU_HEADER	       ? "its size is less than a header's"
	       : header->size > VU_MESSAGE_MAX ? "its size is more than any message's"
					       : NULL;
}
