#pragma once

#include <cstddef>
#include <string_view>

#include "ingest/terminals/field_table.h"

// The fixed fields of the blocks of GB/T 32960.3 by edition, each with the signal that keeps it.
namespace telltale::gb32960 {

inline constexpr Unit kKmh{.scale = 0.1, .name = "km/h", .decimals = 1};
inline constexpr Unit kKm{.scale = 0.1, .name = "km", .decimals = 1};
inline constexpr Unit kVolt{.scale = 0.1, .name = "V", .decimals = 1};
inline constexpr Unit kCellVolt{.scale = 0.001, .name = "V", .decimals = 3};
inline constexpr Unit kAmpere{.scale = 0.1, .name = "A", .decimals = 1};
inline constexpr Unit kAmpere1000{.scale = 0.1, .offset = -1000, .name = "A", .decimals = 1};
inline constexpr Unit kAmpere3000{.scale = 0.1, .offset = -3000, .name = "A", .decimals = 1};
inline constexpr Unit kPercent{.name = "%"};
inline constexpr Unit kCelsius{.offset = -40, .name = "degC"};
inline constexpr Unit kCelsiusTenth{.scale = 0.1, .offset = -40, .name = "degC", .decimals = 1};
inline constexpr Unit kMegapascal{.scale = 0.1, .name = "MPa", .decimals = 1};
inline constexpr Unit kKilopascal100{.scale = 0.1, .offset = -100, .name = "kPa", .decimals = 1};
inline constexpr std::string_view kDcDcNote = "1 working, 2 off";

// GB/T 32960.3-2016, table 9. The brake pedal may be 101, "pressed", without a value between.
inline constexpr FieldSpec kVehicle2016[] = {
    {"vehicle state", 1, "ev_vehicle_state", {}, "1 started, 2 off, 3 other"},
    {"charging", 1, "ev_charging_state", {}, "1 parked, 2 driving, 3 not, 4 complete"},
    {"running mode", 1, "ev_running_mode", {}, "1 electric, 2 hybrid, 3 fuel"},
    {"speed", 2, "ev_vehicle_speed", kKmh},
    {"mileage", 4, "ev_mileage", kKm},
    {"total voltage", 2, "ev_total_voltage", kVolt},
    {"total current", 2, "ev_total_current", kAmpere1000},
    {"state of charge", 1, "ev_state_of_charge", kPercent},
    {"DC-DC converter", 1, "ev_dc_dc_state", {}, kDcDcNote},
    {"gear", 1, "ev_gear", {}, "bits 0-3 gear, 13 R, 14 D, 15 P; bit 4 braking, bit 5 driving"},
    {"insulation resistance", 2, "ev_insulation_resistance", {.name = "kOhm"}},
    {"accelerator pedal", 1, "ev_accelerator_pedal", kPercent},
    {"brake pedal", 1, "ev_brake_pedal", kPercent},
};

// GB/T 32960.3-2025, table 10: another offset of the current, no pedals. Between the two is the gear, whose bit 7 says
// that it is not valid.
inline constexpr FieldSpec kVehicleBegin2025[] = {
    kVehicle2016[0],
    kVehicle2016[1],
    kVehicle2016[2],
    kVehicle2016[3],
    kVehicle2016[4],
    kVehicle2016[5],
    {"total current", 2, "ev_total_current", kAmpere3000},
    kVehicle2016[7],
    kVehicle2016[8],
};
inline constexpr FieldSpec kVehicleEnd2025[] = {kVehicle2016[10]};

// GB/T 32960.3-2016, table 11, behind the motor's number.
inline constexpr FieldSpec kMotor2016[] = {
    {"state", 1, "drive_motor_{}_state", {}, "1 consuming, 2 generating, 3 off, 4 ready"},
    {"controller temperature", 1, "drive_motor_{}_controller_temperature", kCelsius},
    {"speed", 2, "drive_motor_{}_speed", {.offset = -20'000, .name = "rpm"}},
    {"torque", 2, "drive_motor_{}_torque", {.scale = 0.1, .offset = -2'000, .name = "Nm", .decimals = 1}},
    {"temperature", 1, "drive_motor_{}_temperature", kCelsius},
    {"controller voltage", 2, "drive_motor_{}_controller_voltage", kVolt},
    {"controller current", 2, "drive_motor_{}_controller_current", kAmpere1000},
};

// GB/T 32960.3-2025, table 16.
inline constexpr FieldSpec kMotor2025[] = {
    kMotor2016[0],
    kMotor2016[1],
    {"speed", 2, "drive_motor_{}_speed", {.offset = -32'000, .name = "rpm"}},
    {"torque", 4, "drive_motor_{}_torque", {.scale = 0.1, .offset = -20'000, .name = "Nm", .decimals = 1}},
    kMotor2016[4],
};

// GB/T 32960.3-2016, table 12; the temperatures of the probes stand between the two.
inline constexpr FieldSpec kFuelCellBegin[] = {
    {"fuel cell voltage", 2, "fuel_cell_voltage", kVolt},
    {"fuel cell current", 2, "fuel_cell_current", kAmpere},
    {"hydrogen consumption", 2, "fuel_cell_consumption", {.scale = 0.01, .name = "kg/100 km", .decimals = 2}},
};
inline constexpr FieldSpec kFuelCellEnd[] = {
    {"greatest hydrogen temperature", 2, "fuel_cell_hydrogen_temperature_max", kCelsiusTenth},
    {"its probe", 1, "fuel_cell_hydrogen_temperature_probe"},
    {"greatest hydrogen concentration", 2, "fuel_cell_hydrogen_concentration_max", {.name = "mg/kg"}},
    {"its sensor", 1, "fuel_cell_hydrogen_concentration_sensor"},
    {"greatest hydrogen pressure", 2, "fuel_cell_hydrogen_pressure_max", kMegapascal},
    {"its sensor", 1, "fuel_cell_hydrogen_pressure_sensor"},
    {"high-voltage DC-DC converter", 1, "fuel_cell_dc_dc_state", {}, "1 working, 2 isolated"},
};

// GB/T 32960.3-2025, fuel cell engine and hydrogen system.
inline constexpr FieldSpec kHydrogen2025[] = {
    kFuelCellEnd[0],
    kFuelCellEnd[1],
    kFuelCellEnd[2],
    kFuelCellEnd[3],
    kFuelCellEnd[4],
    kFuelCellEnd[5],
    kFuelCellEnd[6],
    {"hydrogen left", 1, "fuel_cell_hydrogen_left", kPercent},
    {"DC-DC converter temperature", 1, "fuel_cell_dc_dc_temperature", kCelsius},
};

// GB/T 32960.3-2025, a fuel cell stack, behind its number; the probes of its cooling water follow.
inline constexpr FieldSpec kStack[] = {
    {"voltage", 2, "fuel_cell_stack_{}_voltage", kVolt},
    {"current", 2, "fuel_cell_stack_{}_current", kAmpere},
    {"hydrogen pressure at the inlet", 2, "fuel_cell_stack_{}_hydrogen_inlet_pressure", kKilopascal100},
    {"air pressure at the inlet", 2, "fuel_cell_stack_{}_air_inlet_pressure", kKilopascal100},
    {"air temperature at the inlet", 1, "fuel_cell_stack_{}_air_inlet_temperature", kCelsius},
};

// GB/T 32960.3-2025, supercapacitor, behind its number; cells and probes follow.
inline constexpr FieldSpec kSupercapacitor[] = {
    {"voltage", 2, "supercapacitor_voltage", kVolt},
    {"current", 2, "supercapacitor_current", kAmpere3000},
};

// GB/T 32960.3-2025, extremes of the supercapacitor.
inline constexpr FieldSpec kSupercapacitorExtremes[] = {
    {"greatest cell voltage: system", 1, "supercapacitor_cell_voltage_max_system"},
    {"greatest cell voltage: cell", 2, "supercapacitor_cell_voltage_max_cell"},
    {"greatest cell voltage", 2, "supercapacitor_cell_voltage_max", kCellVolt},
    {"least cell voltage: system", 1, "supercapacitor_cell_voltage_min_system"},
    {"least cell voltage: cell", 2, "supercapacitor_cell_voltage_min_cell"},
    {"least cell voltage", 2, "supercapacitor_cell_voltage_min", kCellVolt},
    {"greatest temperature: system", 1, "supercapacitor_temperature_max_system"},
    {"greatest temperature: probe", 2, "supercapacitor_temperature_max_probe"},
    {"greatest temperature", 1, "supercapacitor_temperature_max", kCelsius},
    {"least temperature: system", 1, "supercapacitor_temperature_min_system"},
    {"least temperature: probe", 2, "supercapacitor_temperature_min_probe"},
    {"least temperature", 1, "supercapacitor_temperature_min", kCelsius},
};

// GB/T 32960.3-2016, table 13; of 2025, table 20, only the speed is left.
inline constexpr FieldSpec kEngine2016[] = {
    {"engine state", 1, "hybrid_engine_state", {}, "1 started, 2 off"},
    {"crankshaft speed", 2, "hybrid_crankshaft_speed", {.name = "rpm"}},
    {"fuel consumption", 2, "hybrid_fuel_consumption", {.scale = 0.01, .name = "l/100 km", .decimals = 2}},
};
inline constexpr FieldSpec kEngine2025[] = {kEngine2016[1]};

// GB/T 32960.3-2016, table 16.
inline constexpr FieldSpec kExtremes[] = {
    {"greatest cell voltage: subsystem", 1, "battery_cell_voltage_max_subsystem"},
    {"greatest cell voltage: cell", 1, "battery_cell_voltage_max_cell"},
    {"greatest cell voltage", 2, "battery_cell_voltage_max", kCellVolt},
    {"least cell voltage: subsystem", 1, "battery_cell_voltage_min_subsystem"},
    {"least cell voltage: cell", 1, "battery_cell_voltage_min_cell"},
    {"least cell voltage", 2, "battery_cell_voltage_min", kCellVolt},
    {"greatest temperature: subsystem", 1, "battery_temperature_max_subsystem"},
    {"greatest temperature: probe", 1, "battery_temperature_max_probe"},
    {"greatest temperature", 1, "battery_temperature_max", kCelsius},
    {"least temperature: subsystem", 1, "battery_temperature_min_subsystem"},
    {"least temperature: probe", 1, "battery_temperature_min_probe"},
    {"least temperature", 1, "battery_temperature_min", kCelsius},
};

// By bit: GB/T 32960.3-2016, table 18, bits 0 to 18; of 2025, table 24, all.
inline constexpr std::string_view kAlarmSignals[] = {
    "ev_alarm_temperature_differs",
    "ev_alarm_battery_temperature_high",
    "ev_alarm_storage_overvoltage",
    "ev_alarm_storage_undervoltage",
    "ev_alarm_soc_low",
    "ev_alarm_cell_overvoltage",
    "ev_alarm_cell_undervoltage",
    "ev_alarm_soc_high",
    "ev_alarm_soc_jump",
    "ev_alarm_storage_mismatch",
    "ev_alarm_cells_differ",
    "ev_alarm_insulation",
    "ev_alarm_dc_dc_temperature",
    "ev_alarm_brake_system",
    "ev_alarm_dc_dc_state",
    "ev_alarm_motor_controller_temperature",
    "ev_alarm_high_voltage_interlock",
    "ev_alarm_motor_temperature",
    "ev_alarm_storage_overcharge",
    "ev_alarm_motor_overspeed",
    "ev_alarm_motor_overcurrent",
    "ev_alarm_supercapacitor_temperature",
    "ev_alarm_supercapacitor_pressure",
    "ev_alarm_battery_thermal_event",
    "ev_alarm_hydrogen_leak",
    "ev_alarm_hydrogen_pressure",
    "ev_alarm_hydrogen_temperature",
    "ev_alarm_fuel_cell_stack_temperature",
};
inline constexpr std::size_t kAlarmBits2016 = 19;

}  // namespace telltale::gb32960
