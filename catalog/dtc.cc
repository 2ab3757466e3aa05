#include "catalog/dtc.h"

#include <algorithm>
#include <array>

namespace telltale {
namespace {

// SAE J1939-73, failure mode identifiers; 22..30 are reserved.
constexpr std::array<std::string_view, 32> kFmiTexts = {
    "valid, but far above its normal range",
    "valid, but far below its normal range",
    "erratic, intermittent or incorrect",
    "voltage above normal, or shorted high",
    "voltage below normal, or shorted low",
    "current below normal, or open circuit",
    "current above normal, or grounded circuit",
    "mechanical system does not respond, or is out of adjustment",
    "abnormal frequency, pulse width or period",
    "abnormal update rate",
    "abnormal rate of change",
    "failure, cause not known",
    "faulty device or component",
    "out of calibration",
    "see the maker's special instructions",
    "valid, but slightly above its normal range",
    "valid, but moderately above its normal range",
    "valid, but slightly below its normal range",
    "valid, but moderately below its normal range",
    "received over the network with an error",
    "drifted high",
    "drifted low",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "condition exists",
};

struct Source {
  std::uint8_t address;
  std::string_view name;
};

// SAE J1939, preferred addresses, those that road vehicles use. In order of the addresses.
constexpr std::array kSources = {
    Source{0, "Engine #1"},
    Source{1, "Engine #2"},
    Source{2, "Turbocharger"},
    Source{3, "Transmission #1"},
    Source{4, "Transmission #2"},
    Source{5, "Shift console, primary"},
    Source{6, "Shift console, secondary"},
    Source{7, "Power take-off, main or rear"},
    Source{8, "Axle, steering"},
    Source{9, "Axle, drive #1"},
    Source{10, "Axle, drive #2"},
    Source{11, "Brakes, system controller"},
    Source{12, "Brakes, steer axle"},
    Source{13, "Brakes, drive axle #1"},
    Source{14, "Brakes, drive axle #2"},
    Source{15, "Retarder, engine"},
    Source{16, "Retarder, driveline"},
    Source{17, "Cruise control"},
    Source{18, "Fuel system"},
    Source{19, "Steering controller"},
    Source{20, "Suspension, steer axle"},
    Source{21, "Suspension, drive axle #1"},
    Source{23, "Instrument cluster #1"},
    Source{24, "Trip recorder"},
    Source{25, "Climate control #1"},
    Source{26, "Alternator and charging system"},
    Source{27, "Aerodynamic control"},
    Source{28, "Vehicle navigation"},
    Source{29, "Vehicle security"},
    Source{30, "Electrical system"},
    Source{31, "Starter system"},
    Source{32, "Tractor-trailer bridge #1"},
    Source{33, "Body controller"},
    Source{37, "Off-vehicle gateway"},
    Source{39, "Management computer #1"},
    Source{40, "Cab display #1"},
    Source{41, "Retarder, exhaust, engine #1"},
    Source{42, "Headway controller"},
    Source{43, "On-board diagnostic unit"},
    Source{47, "Suspension, system controller #1"},
    Source{48, "Pneumatic system controller"},
    Source{49, "Cab controller, primary"},
    Source{50, "Cab controller, secondary"},
    Source{51, "Tire pressure controller"},
    Source{54, "Seat control #1"},
    Source{55, "Lighting, operator controls"},
    Source{61, "Exhaust emission controller"},
    Source{62, "Vehicle dynamic stability controller"},
    Source{71, "Chassis controller #1"},
    Source{72, "Chassis controller #2"},
    Source{85, "Particulate filter controller"},
    Source{90, "Powertrain control module"},
    Source{249, "Service tool #1"},
    Source{250, "Service tool #2"},
};

}  // namespace

std::string_view FmiText(std::uint32_t fmi) { return fmi < kFmiTexts.size() ? kFmiTexts[fmi] : std::string_view(); }

std::string_view SourceName(std::uint32_t source_address) {
  const auto it =
      std::lower_bound(kSources.begin(), kSources.end(), source_address,
                       [](const Source& source, std::uint32_t address) { return source.address < address; });
  return it != kSources.end() && it->address == source_address ? it->name : std::string_view();
}

}  // namespace telltale
