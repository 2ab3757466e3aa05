#pragma once

#include <CLI/CLI.hpp>

#include "cli/arguments.h"

// The commands, by subject. Each function adds its commands to the program; the one that the command line names puts
// what it does into `chosen`. `chosen` outlives the parsing.
namespace telltale::cli {

void AddAccessCommands(CLI::App& program, Command& chosen);     // access: organisations, keys, grants; audit
void AddVehicleCommands(CLI::App& program, Command& chosen);    // vehicles list, add, show
void AddRegistryCommand(CLI::App& program, Command& chosen);    // registry import
void AddImportCommand(CLI::App& program, Command& chosen);      // import
void AddTelemetryCommands(CLI::App& program, Command& chosen);  // latest, history, watch
void AddSummaryCommand(CLI::App& program, Command& chosen);     // summary
void AddTripCommands(CLI::App& program, Command& chosen);       // trips, days
void AddResultCommands(CLI::App& program, Command& chosen);     // stops, events, gaps, changes
void AddRollupCommands(CLI::App& program, Command& chosen);     // rollup, day, drivers assign, drivers list
void AddAdviceCommands(CLI::App& program, Command& chosen);     // advice driver, advice fuel
void AddFaultCommand(CLI::App& program, Command& chosen);       // faults
void AddSignalCommand(CLI::App& program, Command& chosen);      // signals
void AddTerminalCommands(CLI::App& program, Command& chosen);   // terminals list, add, revoke, text; explain
void AddBackupCommands(CLI::App& program, Command& chosen);     // backup, restore, verify

}  // namespace telltale::cli
