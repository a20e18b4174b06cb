from tgan.anomaly.images.detector import ImageDetector as ImageDetector
from tgan.anomaly.series.detector import TadGANDetector as TadGANDetector
from tgan.config import Config as Config
from tgan.constraints.constrain import constrain as constrain
from tgan.evaluation.evaluate import evaluate as evaluate
from tgan.evaluation.scores import Scores as Scores
from tgan.media.show import save as save
from tgan.media.show import show as show
from tgan.runs.picture import PictureEditor as PictureEditor
from tgan.runs.train import train as train
from tgan.runs.trained import TrainedRun as TrainedRun
from tgan.runs.trained import load as load

__version__: str
