"""The dictionary that bundles are deflated with; part of form 1 of a bundle, so it never changes.

Deflate looks back into it for whole phrases, the nearest (last) ones at the least cost, so it reads like the facts of a
typical project: the rare ones first, what every take and job says last.
"""

from __future__ import annotations

from typing import Final

DICTIONARY: Final = (
    b'{"author":"","facts":{},"licence":"Apache-2.0","name":"starter","pipeline":"StableDiffusionPipeline","source":"",'
    b'"time":"2026-11-22T12:00:00.000Z"}{"fingerprint":{"app":"0.1.0","attention":"sdpa","batch":1,"compiled":false,'
    b'"device":"cpu","device_name":"","diffusers":"0.42.1","driver":"","instruction_set":"avx512","numpy":"2.4.6",'
    b'"offload":"none","onednn":true,"tf32":false,"threads":1,"torch":"2.13.0","transformers":"5.23.0"}}'
    b'{"author":"","key":"default_model","value":""}{"gone":true}{"kind":"character","kind":"environment","kind":"prop",'
    b'"kind":"style","kind":"shot","name":"","scene":"SC-01"}character,environment,image,prop,style'
    b'"code":"released","message":"","code":"timed_out","code":"out_of_memory","code":"crashed"'
    b'{"author":"","time":"2026-","take":"","withdrawn":false}{"bytes":,"device":"","grade":"R0","member":"","pixels":"",'
    b'"profile":"","purpose":"prove","purpose":"fetch","psnr_db":,"seconds":0.,"sha256":"","ssim":0.99,"take":"","time":"2026-'
    b'{"author":"","links":[{"asset":"","role":"environment"},{"asset":"","role":"character"},{"asset":"","role":"style"}],'
    b'"note":"","number":1,"parameters":{"chosen":["guidance","height","model","negative_prompt","prompt","seed","steps","width"],'
    b'"dtype":"float32","guidance":,"height":512,"model":"","negative_prompt":"","prompt":"","salt":"","scheduler":"DDIMScheduler",'
    b'"scheduler":"DPMSolverMultistepScheduler","scheduler":"EulerDiscreteScheduler","seed":,"steps":30,"steps":20,'
    b'"strength":0.,"width":512},"parents":[""],"recipe_key":"","recipe_rest":[{"guidance":,"inputs":[{"argument":"image",'
    b'"recipe":"","role":"environment"},{"recipe":"","role":"character"}],"operation":"image-to-image",'
    b'"operation":"text-to-image","output":"png","pipeline":"StableDiffusionPipeline","prompt":"","rng":"philox/1",'
    b'"scheduler":{"config":{"algorithm_type":"dpmsolver++","beta_end":0.012,"beta_schedule":"scaled_linear",'
    b'"beta_start":0.00085,"clip_sample":false,"clip_sample_range":1,"dynamic_thresholding_ratio":0.995,'
    b'"euler_at_final":false,"final_sigmas_type":"zero","flow_shift":1,"lower_order_final":true,"num_train_timesteps":1000,'
    b'"prediction_type":"epsilon","prediction_type":"v_prediction","rescale_betas_zero_snr":false,"sample_max_value":1,'
    b'"set_alpha_to_one":false,"skip_prk_steps":true,"solver_order":2,"solver_type":"midpoint","steps_offset":1,'
    b'"thresholding":false,"time_shift_type":"exponential","timestep_spacing":"leading","timestep_spacing":"trailing",'
    b'"trained_betas":[],"use_beta_sigmas":false,"use_exponential_sigmas":false,"use_flow_sigmas":false,'
    b'"use_karras_sigmas":false,"use_lu_lambdas":false,"variance_type":""},"name":"DDIMScheduler"},"schema":1,"seed":"",'
    b'"semantics":1},["dtype","guidance","height","model","negative_prompt","prompt","steps","strength","width"]],'
    b'"tier":"high","tier":"low","tier":"standard","time":"2026-'
    b'{"bytes":,"consumed":[{"role":"environment","sha256":""}],"device":"","file":"01_Assets/Generative_Assets/Characters/'
    b'Environments/Styles/Props/03_Renders/UNSORTED/SC-01/_v01_take01.png","frames":1,"height":512,"imported":true,"item":0,'
    b'"latents":"","media_type":"image/png","member":"","number":1,"own_noise":true,"pixels":"","profile":"",'
    b'"provisional":false,"proxy":"","recipe_key":"","seconds":1.,"sha256":"","thumb":"","time":"2026-11-22T12:00:00.000Z",'
    b'"version":"","width":512,"worker":""}'
    b'{"asset":"","item":0,"member":"","time":"2026-","version":"","vt":0.0}{"seconds":1.,"sha256":"","time":"2026-'
    b'{"member":"","time":"2026-11-22T12:00:00.000Z"}'
    b"asset/\x85\x6f\x4a\x83project\x85\x6f\x4a\x83\x00\x01\x01\x00\x00\x00queue/1\x85\x6f\x4a\x83\x01"
)
