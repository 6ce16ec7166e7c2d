// The look of pictures and of the window: a dark stage, on which the colours of the cost shine.
#ifndef MJIRL_VIEWER_THEME_H_
#define MJIRL_VIEWER_THEME_H_

#include "viewer/canvas.h"

#define IRL_THEME_PAGE ((irl_ink){0.047F, 0.055F, 0.075F, 1.0F})   // behind the tiles
#define IRL_THEME_STAGE ((irl_ink){0.094F, 0.106F, 0.137F, 1.0F})  // a tile where nothing stands
#define IRL_THEME_FLOOR ((irl_ink){0.150F, 0.165F, 0.205F, 1.0F})  // planes of the model
#define IRL_THEME_WALL ((irl_ink){0.180F, 0.197F, 0.243F, 1.0F})   // other things that stand still
#define IRL_THEME_LINE ((irl_ink){0.205F, 0.224F, 0.273F, 1.0F})   // of the grid on the ground
#define IRL_THEME_TARGET ((irl_ink){0.36F, 0.93F, 0.80F, 1.0F})    // bodies that keep still
#define IRL_THEME_PLAIN ((irl_ink){0.72F, 0.76F, 0.84F, 1.0F})     // motion without a cost
#define IRL_THEME_TITLE ((irl_ink){0.95F, 0.96F, 0.98F, 1.0F})
#define IRL_THEME_TEXT ((irl_ink){0.66F, 0.69F, 0.76F, 1.0F})
#define IRL_THEME_FAINT ((irl_ink){0.42F, 0.45F, 0.53F, 1.0F})

#endif  // MJIRL_VIEWER_THEME_H_
