#pragma once

#include "telltale/v1/driver.pb.h"
#include "telltale/v1/fuel.pb.h"
#include "telltale/v1/rollups.pb.h"
#include "telltale/v1/trips.pb.h"

#include "advice/accumulated_classes.h"
#include "advice/advice.h"
#include "advice/driver_score.h"
#include "advice/fuel_advice.h"
#include "advice/gap.h"
#include "advice/trip.h"

// What advice/ found, as messages of telltale.v1.
namespace telltale {

void Fill(const Totals& totals, v1::Totals& out);
void Fill(const Event& event, v1::Event& out);
void Fill(const Trip& trip, v1::Trip& out);
void Fill(const Stop& stop, v1::Stop& out);
void Fill(const Gap& gap, const GapNeighbours& neighbours, v1::Gap& out);
void Fill(const VehicleDay& day, v1::VehicleDay& out);
// Adds a message for each class that is not empty.
void Fill(const AccumulatedClasses& classes, v1::Rollup& out);
void Fill(const Advice& advice, v1::Advice& out);
void Fill(const DriverScore& score, v1::DriverScore& out);
void Fill(const FuelSummary& summary, v1::FuelSummary& out);

}  // namespace telltale
